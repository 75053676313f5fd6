"""First names, the data of the initialisation lab: written for it, in the 26 letters of English."""

_NAMES = """
ada adam adele adrian agnes aidan alan albert alex alfred alice alina alma alva amber amelia amos amy andrea andrew
anette angela anita ann anna anton april archie ariel arlo arno arthur astrid aurora austin avery barbara basil beatrice
bella ben benjamin bernard bert bertha bessie beth bianca bill bonnie boris brenda brian bridget bruno bryce byron
calvin camilla carl carla carmen carol caroline casper cecil cecilia celia charles charlotte chester chloe chris
christine clara clark claude clemens cleo clifford clyde colin conrad cora cordelia cyril daisy dale damian dana daniel
daphne darren david dawn dean deborah delia denise dennis derek diana dina dominic donald dora doreen doris dorothy
douglas duncan dylan earl edgar edith edmund edna edward edwin eileen elaine eleanor elena eli elias elin elise ella
ellen elliot elmer eloise elsa elsie elvira emil emily emma emmet enid enzo eric erica erin ernest esme esther ethan
ethel eugene eva evan evelyn ezra fabian faith fanny felicity felix fern finn fiona flora florence floyd frances francis
frank fred freda frieda gabriel gail garth gary gavin gemma gene george gerald gerard gilbert gilda gina giles glen
gloria gordon grace graham grant greta griffin guy gwen hannah harold harriet harry harvey hazel heather hector heidi
helen helga henry herbert herman hilary hilda holly homer hope horace howard hubert hugh hugo ian ida ingrid ira irene
iris irma isaac isabel isla ivan ivor ivy jack jacob jade james jan jane janet jasmine jason jasper jean jeffrey jenny
jeremy jerome jesse jessica joan joanna joel john jonas jonathan jordan joseph joshua joy joyce judith julia julian
juliet june justin karen karl kate katherine kathleen kay keith kelly ken kenneth kevin kim kirk klara kurt kyle lara
lars laura lauren laurence leah leif lena leo leon leonard leslie lester lewis lila lilian lily linda linus lionel lisa
lloyd logan lois lola lorna louis louise lucas lucia lucy luke luna luther lydia lyle mabel mable madeline maggie
malcolm mandy marcel marcus margaret margot maria marian marie marina marion mark marlene marlon martha martin marvin
mary mason matilda matthew maud maurice max maxine maya melanie melinda melvin mercy mia michael mildred miles milo mina
minnie mira miranda miriam mitchell molly mona monica morgan moritz muriel myra nadia nancy naomi natalie nathan neil
nell nelson nessa nicholas nicole nigel nina noah noel nora norma norman octavia odette olaf olga olive oliver olivia
ophelia orla orson oscar oswald otis otto owen pamela pansy pascal patience patricia patrick paul paula pauline pearl
peggy penelope percy perry peter petra philip philippa phoebe phyllis piers polly primrose quentin quincy rachel ralph
ramona raphael raymond rebecca regina reginald rene rex rhoda rhys richard rita robert robin roderick rodney roger
roland rolf roman ronald rory rosa rosalind rose rosemary ross rowan roy ruby rufus rupert russell ruth ryan sabine
sabrina sadie sally samantha samuel sandra sara saul scott sean sebastian selma serena seth shane sharon sheila shirley
sibyl sidney sigrid silas silvia simon sofia sonia sophie spencer stanley stella stephen stuart susan sven sybil
sylvester sylvia tabitha tamara tara ted teresa tessa thea thelma theodore thomas tilda timothy tina tobias todd tom
tony tracy trevor tristan trudy ulric una ursula valerie vanessa vera verity vernon veronica victor victoria vincent
viola violet virgil vivian wade wallace walter wanda warren wayne wendy wesley wilbur wilfred willa william wilma
winifred winston wolf xavier yolanda yvette yvonne zack zara zelda zena zoe zora
"""

NAMES: tuple[str, ...] = tuple(_NAMES.split())
