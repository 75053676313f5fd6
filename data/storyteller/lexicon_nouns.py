"""Nouns by what they are for in a story.

A word may be marked: "~" has no plural and takes "some" (some bread), "+" is plural only (some shoes). "_" is
        a space.
A noun must not look like a verb form that a frame uses, or "previous mention" would take one for the other.
"""

from __future__ import annotations

from data.storyteller.grammar import plural

_LISTS: dict[str, str] = {
    "toy": """kite ball doll teddy_bear puppet robot yo-yo puzzle marble balloon toy_train toy_boat top
        rocking_horse
        jump_rope hula_hoop paper_plane scooter skateboard sled wagon tricycle bicycle doll_house wind-up_mouse
        rag_doll toy_car toy_truck toy_castle pinwheel music_box snow_globe boomerang frisbee stuffed_rabbit
        wooden_duck toy_dragon toy_soldier +building_blocks +roller_skates +crayons +marbles +dominoes""",
    "instrument": """guitar violin flute trumpet piano harp banjo ukulele cello harmonica tambourine accordion
        clarinet
        xylophone trombone saxophone recorder tuba lute""",
    "small": """key coin button ribbon feather shell pebble locket bracelet necklace medal compass lantern purse
        wallet thimble whistle badge pendant brooch earring magnet candle pencil notebook diary map letter postcard
        photo paintbrush magnifying_glass pocket_knife spoon teacup umbrella telescope flashlight bell +glasses
        +mittens +keys +gloves""",
    "clothing": """hat cap coat jacket sweater scarf dress skirt shirt cape apron bonnet vest raincoat poncho
        kimono sash shawl hood belt bow_tie +boots +shoes +socks +sandals +slippers +pajamas +trousers""",
    "tool": """hammer saw ladder shovel rake rope bucket broom wheelbarrow wrench screwdriver basket net
        fishing_rod axe hoe needle spade sewing_machine pump +pliers +scissors""",
    "rescuer": """rope ladder shovel spade basket net pole bucket fishing_rod wheelbarrow hammer blanket broom
        pulley plank
        saw +scissors +pliers""",
    "treasure": """crown diamond ruby emerald pearl golden_cup silver_ring jewel opal scepter silver_bell golden_key
        crystal_ball goblet amulet music_box golden_feather star_stone silver_flute dagger statue mirror""",
    "snack": """sandwich apple pear banana orange peach plum cookie cupcake pancake muffin waffle doughnut pretzel
        carrot biscuit pie pizza burrito dumpling taco samosa egg bagel croissant apricot fig mango brownie omelet
        cheesecake scone tart sausage pastry pomegranate kiwi tangerine gingerbread_man candy_bar lollipop
        watermelon sweet_potato ~ice_cream ~popcorn ~chocolate ~honey ~cheese ~toast ~pudding +cherries +grapes
        +strawberries +raisins +blueberries +noodles""",
    "cake": """cake pie tart birthday_cake chocolate_cake honey_cake apple_pie cherry_pie carrot_cake plum_cake
        lemon_cake cheesecake pumpkin_pie loaf pizza""",
    "ingredient": """carrot potato onion tomato pepper turnip mushroom cabbage leek pumpkin beet radish cucumber
        eggplant zucchini lemon coconut parsnip ~garlic ~rice ~corn ~celery ~spinach ~parsley ~ginger ~salt ~butter
        ~milk ~flour ~sugar ~cream ~barley ~thyme ~oil ~cinnamon ~yogurt +beans +peas +lentils +noodles""",
    "errand": """loaf egg lemon cabbage newspaper candle melon pumpkin broom teapot kettle jar ~bread ~soap
        ~milk ~cheese
        ~tea ~coffee ~jam ~flour ~string ~honey ~paper ~butter ~thread ~wool ~salt ~rice ~ink ~glue +matches
        +onions +apples +nails +potatoes +buttons +eggs +walnuts""",
    "breakable": """vase teapot plate bowl cup jug window mirror lamp glass picture_frame clock flowerpot
        teacup snow_globe jar chair pitcher platter""",
    "gift": """necklace book scarf kite flute hat drawing bracelet card puppet blanket mug drum basket quilt
        music_box story_book painting birdhouse pillow paper_star candle jewelry_box wooden_boat pencil_case
        +mittens +flowers +slippers""",
    "buildable": """birdhouse tree_house raft cart bench bridge sandcastle kennel doghouse snowman table stool
        bookshelf fence kite wagon puppet_theater scarecrow sled wooden_boat swing windmill playhouse den""",
    "vehicle": """bus train boat ship truck tram ferry car canoe taxi van sailboat tractor carriage
        rowboat hot-air_balloon""",
    "ride": "bus train ferry ship tram night_train steamboat cable_car stagecoach minibus subway trolley",
    "seed": """sunflower pumpkin bean tomato tulip rose daisy apple_tree cherry_tree oak pea melon strawberry
        lemon_tree
        poppy marigold carrot lily daffodil orchid violet pear_tree peach_tree""",
    "wild": """fox bear rabbit wolf deer squirrel hedgehog badger mouse raccoon otter beaver mole frog toad turtle
        owl raven crow sparrow robin goose duck lion tiger elephant monkey giraffe zebra hippo kangaroo koala panda
        camel llama lizard tortoise penguin seal porcupine skunk weasel moose lynx chipmunk hamster goat sheep pig
        donkey pony cat dog hen rooster swan heron stork peacock parrot meerkat gazelle yak ferret mongoose gorilla
        rhino ostrich alpaca possum wombat lemur hare""",
    "rescued": """kitten puppy bird lamb duckling chick bunny squirrel hedgehog turtle frog butterfly baby_owl fawn
        piglet ladybug bumblebee sparrow goat pony calf beetle mole seagull cub dove robin pigeon parrot""",
    "night_noise": """owl cat mouse raccoon squirrel moth frog beetle hedgehog puppy cricket bat rat weasel
        pigeon toad kitten rabbit""",
    "scenery": """tree bush stone leaf flower cloud star stick door table chair bed box bag branch wave hill path
        road roof wall floor corner gate grass sky sun moon rain wind snow water river bridge house home tree friend
        child neighbor story song name lesson prize race contest idea wish secret plan problem night morning
        afternoon evening day week summer winter spring autumn tear voice heart hand foot eye ear nose head arm
        pocket shoulder finger knee face word world thing place hole puddle mud sand garden kitchen room
        bedroom street village town market school shop forest field lake sea beach pond island mountain cave
        nest pot soup fire lunch dinner breakfast supper picnic birthday party week minute hour bench window
        hay straw parcel screw knot letter lemonade mistake ground air thunder lightning storm shelter
        blanket footprint feather shadow noise sound song
        cousin brother sister family crowd guest class teacher wood paper seed root stem petal sprout soil
        queue line basket coin money price chest treasure map clue riddle letter answer question mistake truth lie
        drawer shelf sofa cupboard attic basement sidewalk fountain lamp-post wheel handle string glue patch""",
}

PLACES_OUTDOOR = """in:park in:garden in:forest in:meadow in:field at:beach on:hill in:orchard in:valley by:river
    at:playground by:lake in:square on:mountain in:vineyard by:pond in:desert in:jungle at:zoo in:yard in:woods
    by:stream on:farm in:clearing by:waterfall in:swamp on:island in:canyon at:campsite by:canal by:sea
        in:bamboo_grove
    on:riverbank in:schoolyard on:dune in:rose_garden in:pasture"""

PLACES_INDOOR = """in:kitchen in:attic in:library in:barn in:classroom in:basement in:museum in:bakery in:workshop
    in:garage in:cottage in:cabin in:tent in:castle in:tower in:shed in:greenhouse in:theater in:hallway
    in:living_room in:bedroom in:cafe in:laundry_room in:lighthouse in:stable in:art_room in:gym in:pantry"""

PLACES_TOWN = """at:market at:station at:harbor at:school at:bakery at:library at:fair at:bus_station at:post_office
    at:museum in:village in:square at:circus at:swimming_pool at:zoo at:toy_shop at:bookshop at:flower_shop
    at:town_hall at:hospital at:bank at:airport at:festival at:barber_shop at:fish_market at:concert_hall"""

HIDING_OUTDOOR = """under:bench in:bush behind:tree under:bridge behind:fence in:tall_grass under:leaf_pile
        behind:rock
    in:hollow_log behind:wall in:ditch under:hedge behind:barrel in:flowerbed behind:statue under:picnic_table
    beside:fountain in:puddle under:oak_tree behind:water_tank in:birdbath beside:anthill"""

HIDING_INDOOR = """under:bed behind:sofa under:table behind:door in:bathtub under:pillow in:laundry_basket
    behind:curtain under:blanket behind:bookshelf in:closet behind:stove in:cupboard under:staircase
    behind:piano  under:rug behind:wardrobe under:armchair behind:refrigerator"""

CONTAINERS = """box jar basket chest bag drawer cupboard bottle bucket sack trunk suitcase tin barrel backpack
    envelope lunch_box toolbox pouch"""

WORKERS = """baker farmer teacher doctor nurse gardener carpenter blacksmith tailor shoemaker painter sailor captain
    postman:m firefighter librarian shopkeeper miller weaver potter pilot driver musician cook fisherman:m
        clockmaker
    toymaker shepherd beekeeper ranger plumber mechanic knight queen:f king:m princess:f prince:m wizard:m witch:f
    juggler clown magician dentist florist butcher:m jeweler mayor judge dancer poet inventor scientist astronaut
    lifeguard zookeeper waiter:m waitress:f barber:m seamstress:f coach builder hunter:m lighthouse_keeper"""

CRAFTERS = """carpenter blacksmith tailor painter potter clockmaker toymaker jeweler mechanic inventor weaver
        builder
    glassblower woodcarver artist handyman:m locksmith craftsman:m repairman:m seamstress:f"""

SELLERS = """baker shopkeeper grocer farmer merchant butcher:m miller greengrocer market_woman:f saleswoman:f
        salesman:m
    fishmonger trader"""

POST = "postman:m postwoman:f"

SETTLEMENTS = """in:village at:harbor in:town on:farm at:castle at:mill at:lighthouse at:inn in:valley
        at:monastery at:ferry
    on:main_road at:station"""

SHELTERS = """in:barn in:cave in:shed in:hut in:old_mill in:cabin in:hollow_tree in:tower in:chapel
        in:boathouse in:stable
    in:woodshed in:tent in:windmill in:treehouse"""

HALLS = """in:theater in:concert_hall in:church in:school_hall in:town_hall at:opera_house in:park at:festival
        in:palace
    at:fair in:square"""

CITIES = """in:capital in:city at:seaside in:mountains at:big_zoo at:airport in:old_harbor at:museum at:fair
        at:palace
    at:aquarium at:planetarium at:stadium"""

TAILORS = "tailor seamstress:f weaver dressmaker:f hatmaker glovemaker furrier"

CLERKS = """conductor stationmaster ticket_seller clerk driver guard inspector policewoman:f policeman:m
        caretaker"""

PEOPLE = """girl boy woman man guy lady fellow kid person friend brother sister cousin neighbor classmate people
    animal creature toy ball game doll horn drum flute stone coin charm shell lamp coat cloak glove fruit nut
        berry jewel
    cup bush machine cart land valley melon blanket"""

Noun = tuple[str, str]
"""A singular (or plural-only) noun and its number: "sg", "mass" or "pl"."""


def _noun(mark: str) -> Noun:
    number = {"~": "mass", "+": "pl"}.get(mark[0], "sg")
    return mark.lstrip("~+").replace("_", " "), number


NOUNS: dict[str, tuple[Noun, ...]] = {
    kind: tuple(dict.fromkeys(_noun(mark) for mark in words.split())) for kind, words in _LISTS.items()
}


def _places(text: str) -> tuple[tuple[str, str], ...]:
    pairs = (entry.replace("_", " ").split(":") for entry in text.split())
    return tuple((preposition, noun) for preposition, noun in pairs)


PLACES: dict[str, tuple[tuple[str, str], ...]] = {
    "outdoor": _places(PLACES_OUTDOOR),
    "indoor": _places(PLACES_INDOOR),
    "town": _places(PLACES_TOWN),
    "shelter": _places(SHELTERS),
    "hall": _places(HALLS),
    "city": _places(CITIES),
    "settlement": _places(SETTLEMENTS),
    "hideout": _places(HIDING_OUTDOOR),
    "hidein": _places(HIDING_INDOOR),
}


def _workers(text: str) -> dict[str, str]:
    """Each noun with "m" or "f" where it says so, else with an empty string."""
    marked = (entry.partition(":") for entry in text.split())
    return {noun.replace("_", " "): gender for noun, _, gender in marked}


WORKER_NOUNS: dict[str, dict[str, str]] = {
    "worker": _workers(WORKERS),
    "crafter": _workers(CRAFTERS),
    "seller": _workers(SELLERS),
    "postman": _workers(POST),
    "clerk": _workers(CLERKS),
    "tailor": _workers(TAILORS),
}

CONTAINER_NOUNS = tuple(word.replace("_", " ") for word in CONTAINERS.split())


def _heads() -> dict[str, str]:
    """Every head noun of the lists, singular and plural, and the form that stands for both."""
    nouns = {entry for entries in NOUNS.values() for entry in entries}
    nouns |= {(noun, "sg") for entries in PLACES.values() for _, noun in entries}
    nouns |= {(noun, "sg") for workers in WORKER_NOUNS.values() for noun in workers}
    nouns |= {(noun, "sg") for noun in (*CONTAINER_NOUNS, *PEOPLE.split())}
    lemmas: dict[str, str] = {}
    for noun, number in sorted(nouns, key=lambda entry: (entry[1] != "sg", entry)):
        head = noun.split()[-1]
        lemmas.setdefault(head, head)
        if number == "sg":
            lemmas.setdefault(plural(head), head)
    return lemmas


NOUN_LEMMAS = _heads()
"""The lower-case forms that count as nouns, each with its singular."""
