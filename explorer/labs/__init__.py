"""Labs: experiments of the lecture, each a claim, the code that tests it, and the numbers that the code finds."""
