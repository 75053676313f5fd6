"""Given names from many places, by the pronoun they take here."""

from __future__ import annotations

from data.storyteller.wordlists import words

GIRLS = words(
    """
    Mara Anna Nina Zoe Ella Emma Mia Ruth Clara Nora Alice Lucy Jane Maya Sofia Elena Olga Vera Tanya Irina Katya
    Masha Daria Ingrid Astrid Freya Sigrid Greta Heidi Liesel Anneke Saskia Marie Chloe Amelie Colette Celeste Lucia
    Carmen Rosa Ines Pilar Paloma Marisol Ximena Beatriz Giulia Chiara Bianca Francesca Eleni Daphne Zofia Agnieszka
    Hana Milena Petra Aiko Yuki Sakura Keiko Naomi Mei Ling Xiu Lan Linh Thuy Jiwoo Soyeon Minji Priya Anjali Lakshmi
    Meera Kavita Deepa Asha Indira Fatima Aisha Leila Yasmin Zainab Noor Samira Maryam Shirin Parisa Esther Miriam
    Tamar Shira Amina Zuri Nia Adaeze Ngozi Chioma Abena Akosua Ama Wanjiru Makena Thandi Nomsa Lindiwe Zanele Selam
    Hiwot Leilani Moana Kiri Aroha Malia Nayeli Itzel Yara Luana Ayelen Siobhan Aoife Niamh Cerys Gwen Eilidh Ayla
    Elif Defne Nilufar Saule Altyn Tuya Sarnai
    """
)

BOYS = words(
    """
    Ivan Tom Ben Sam Max Leo Jack Tim Noah Finn Oliver Henry Peter Paul Daniel David Adam Boris Dmitri Nikolai Sergei
    Misha Yuri Oleg Lars Sven Erik Olaf Bjorn Anders Hans Otto Klaus Fritz Jan Pieter Luc Pierre Remy Hugo Marcel
    Mateo Diego Pablo Carlos Javier Miguel Rafael Tiago Joaquim Luca Marco Giovanni Paolo Enzo Nikos Stavros Kostas
    Pavel Tomas Jakub Marek Zoltan Laszlo Kenji Hiro Takeshi Ren Haruto Wei Jun Chen Bao Minh Tuan Jinho Minjun Arjun
    Ravi Rohan Vikram Sanjay Kiran Anil Dev Omar Ali Hassan Yusuf Tariq Karim Khalid Rashid Farid Reza Darius Cyrus
    Eli Noam Asher Kwame Kofi Chidi Emeka Tunde Sekou Jabari Juma Baraka Themba Sipho Thabo Dawit Abel Tekle Keanu
    Kai Manu Tane Rangi Ikaika Tupac Inti Amaru Kauan Liam Rory Callum Hamish Rhys Dylan Owen Emre Kerem Timur Rustam
    Nurlan Bataar Temur Aziz
    """
)

PETS = words(
    """
    Pip Nutmeg Bramble Rusty Coco Mochi Tango Ziggy Dusty Clover Thistle Acorn
    Smudge Noodle Twig Bubbles Domino Fidget Whiskers Pickles Tofu Bingo Toby Dot Fluff Speckle Misty
    Sunny Sparky Toffee Truffle Juniper Basil Peanut Scout Rocket Comet Pepita Kuma Simba Tiko Momo
    Chico Luna Nala Gizmo Barnaby Winston Hazel Willow Tuppence Humphrey Beatrix Mabel Otis Rufus Fergus
    """
)

FEMALE_KIN = (
    "Grandma", "Mom", "Mama", "Granny", "Nana",
    "Aunt Lena", "Aunt Vivian", "Aunt Salma", "Aunt Odette", "Aunt Grace",
)  # fmt: skip
MALE_KIN = (
    "Grandpa", "Dad", "Papa", "Pop", "Grandfather",
    "Uncle Joe", "Uncle Farouk", "Uncle Stefan", "Uncle Bert", "Uncle Hari", "Uncle Ned",
)  # fmt: skip
