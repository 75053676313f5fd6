"""Everything but nouns and names: adjectives, adverbs, times, feelings, and phrases of verb and object.

`WORDS` are lists a frame asks for with `[#list]`; `VERB_PHRASES` those it asks for with `[%list]`, base form first.
"""

from __future__ import annotations

WORDS: dict[str, tuple[str, ...]] = {
    name: tuple(entry.strip().replace("_", " ") for entry in text.split())
    for name, text in {
        "character": """kind brave shy curious clever cheerful gentle quiet honest funny patient lively friendly busy
            dreamy bold thoughtful stubborn playful polite sleepy hungry lonely proud careful little young small
            hopeful restless wise witty merry generous tiny tall""",
        "colour": """red blue green yellow purple pink white black brown golden silver grey turquoise crimson
            scarlet""",
        "size": "big small little tiny large huge long short tall wide",
        "young": "little tiny young small grey brown",
        "small_size": "small big little fine splendid",
        "look": """shiny old new soft round wooden striped bright pretty smooth strange lovely dusty heavy light
            spotted painted broken rusty plain beautiful fancy sparkling crooked""",
        "toy_look": "shiny old new bright pretty lovely painted wonderful little striped special",
        "cloth_look": "warm soft new old woolen striped pretty fancy clean checkered thick spotted knitted cozy",
        "food_look": "fresh sweet big warm tasty delicious little ripe round juicy lovely large",
        "place_look": """quiet green sunny old wide lovely busy windy misty beautiful empty dark shady peaceful noisy
            crowded""",
        "good": """good nice wonderful lovely great fine perfect splendid marvelous fantastic beautiful pleasant
            delightful excellent""",
        "bad": "bad terrible awful dreadful sad horrible gloomy miserable",
        "happy": """happy glad proud joyful pleased thankful excited relieved grateful""",
        "sad": "sad upset unhappy worried lonely gloomy disappointed anxious troubled downhearted",
        "afraid": "afraid scared frightened nervous uneasy",
        "tired": "tired sleepy weary exhausted worn_out",
        "angry": "angry cross annoyed furious grumpy mad",
        "weather": """sunny rainy windy cloudy foggy snowy warm cold hot stormy cool bright frosty chilly misty
            breezy icy drizzly""",
        "mild": "sunny rainy windy cloudy cool foggy breezy bright grey misty fine",
        "season": "summer winter spring autumn",
        "weekday": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
        "month": "January February March April May June July August September October November December",
        "daypart": "morning afternoon evening",
        "softly": "softly quietly gently kindly calmly warmly",
        "shyly": "shyly nervously politely timidly sadly quietly",
        "gladly": "happily cheerfully gladly proudly merrily warmly eagerly brightly excitedly joyfully loudly",
        "hard": "carefully patiently bravely hard tirelessly busily eagerly steadily cheerfully",
        "quickly": "quickly fast swiftly suddenly bravely boldly nimbly hurriedly",
        "number": "two three four five six seven eight nine ten",
        "big_number": "eleven twelve fifteen twenty thirty forty fifty sixty ninety",
        "ordinal": "first second third fourth fifth",
        "flavour": "salty sweet spicy creamy sour tasty warm rich delicious bland peppery",
        "material": "wood paper clay stone glass wool silk straw brick cotton leather copper tin cardboard",
        "direction": "north south east west left right",
        "relation_f": "friend friend friend sister cousin neighbor classmate",
        "relation_m": "friend friend friend brother cousin neighbor classmate",
        "group": "people children neighbors villagers visitors",
    }.items()
}

_PHRASE_LISTS = {
    "time_open": """long ago/one day/many years ago/one fine day/a long time ago/not so long ago""",
    "then": "then/after that/a little later/soon/before long/a moment later/after a while",
    "at_last": "at last/finally/in the end/after a long time/at long last",
    "always": "always/often/usually/sometimes/every now and then",
    "long_time": "all day long/for a long time/for hours/all morning/all afternoon/until sunset/the whole day",
    "later_time": "the next day/the next morning/a week later/two days later/the following evening/three days later",
    "clock": "at noon/at six o'clock/at sunrise/at sunset/at dawn/just before dinner/after breakfast/at midnight",
    "hello": "Hello/Good morning/Hi/Good day/Hello there/Good afternoon",
    "wow": "Oh/Wow/Look/My goodness/Goodness/Hooray",
    "alas": "Oh no/Oh dear/Alas/Uh-oh/Dear me",
    "sure": "Of course/Yes/Sure/Certainly/Gladly/With pleasure/All right/Very well",
    "sound": "a scratch/a thump/a creak/a whisper/a rustle/a squeak/a knock/a soft hum/a low growl/a hiss/a rattle",
}

PHRASES: dict[str, tuple[str, ...]] = {
    name: tuple(" ".join(entry.split()) for entry in text.split("/")) for name, text in _PHRASE_LISTS.items()
}

_VERB_LISTS = {
    "game": """play hide and seek/play tag/climb trees/fly paper planes/build sandcastles/skip stones/jump rope/race
        along the path/chase butterflies/collect shells/look at the clouds/play chess/play catch/roll down the
        slope/pick flowers/tell jokes/draw pictures/sing songs/blow bubbles/splash in the puddles/play soccer/dance in
        circles/catch fireflies/draw with chalk/swim in the pond/play marbles/ride bicycles/dig in the sand""",
    "hobby": """draw animals/sing old songs/read long books/bake bread/collect leaves/watch the birds/tell stories/paint
        pictures/play the piano/dance in the rain/count the stars/ride a bicycle/play cards/listen to the rain/feed
        the ducks/build little boats/knit scarves/solve riddles/write poems/look for insects/grow vegetables/cook
        soup/whistle tunes/juggle oranges/study maps/swim in the lake/invent games/take photos/climb ladders/polish
        old spoons""",
    "skill": """swim/ride a bicycle/whistle/dance/skate/juggle/play the violin/climb the rope/ski/read/tie a
        knot/paddle a canoe/sing in front of people/bake a cake/jump over the stream/dive/play the flute/row a
        boat/ride a horse/do a cartwheel/paint a portrait/play chess/sew/surf/stand on one leg/write neatly/fly a
        kite/spell long words/walk on stilts/play the trumpet""",
    "chore": """sweep the floor/wash the dishes/feed the hens/water the plants/fold the laundry/carry the wood/clean the
        windows/milk the cow/peel the potatoes/set the table/make the bed/stack the chairs/brush the horse/mend the
        fence/rake the leaves/shovel the snow/polish the shoes/tidy the room/pick the apples/empty the bins""",
    "search": """look under the table/look behind the door/look in every corner/search the whole house/look under
        the bed/ask the neighbors/walk up and down the street/empty every drawer/crawl under the bushes/shake out the
        blankets/look inside the cupboard/peek behind the curtains/check every pocket/search through the tall grass""",
    "rejoice": """laugh/smile/clap/cheer/jump for joy/dance around/grin/hum a happy tune/shout with joy/beam
        with pride/giggle/hop up and down/wave both arms""",
    "grieve": """cry/sigh/sob/frown/sit down in tears/feel a lump in the throat/look at the ground/begin to
        cry/fight back tears/grow very quiet""",
    "move": """walk/run/hurry/go/skip/stroll/march/hike/wander/race/rush/trot/jog/cycle/travel/
        wander/stroll""",
    "say": "say/say/say/whisper/reply/answer",
    "ask": "ask/wonder",
    "cry_out": "cry/shout/call/gasp/exclaim/yell/squeal",
    "talk": "talk/chat/laugh/sing/whisper/tell stories/giggle",
    "find": "find/discover/spot/notice/see",
    "trick": """trip over a root/slip on the wet grass/chase a butterfly/look up at a rainbow/stop to tie a
        shoelace/climb over a fence/jump over a puddle/wave to a neighbor/run after a squirrel/bend down to smell a
        flower/hurry across the street/dance in the wind""",
    "eat": "eat/taste/enjoy/munch/nibble/finish/gobble up",
    "deed": """eat the sandwich/find the key/break the window/paint the door/bake the bread/lose the map/feed the
        goat/open the gate/spill the milk/hide the letter/carry the basket/wash the dog/draw the picture/ring the
        bell/mend the chair/catch the ball/plant the tree/sell the boat/bring the cake/hear the thunder/drink the
        juice/write the poem/steal the pie/win the race/see the comet/cut the ribbon/build the wall/wear the crown/drop
        the plate/take the umbrella/buy the hat/ride the donkey/cook the soup/sing the song/tell the joke/lock the
        shed/pick the plums/throw the snowball/light the candle/fly the kite/burn the toast/save the kitten/read the
        book/sew the flag/climb the tower/chase the goose/tear the page/shut the window/wake the baby/send the
        card/pay the bill/sweep the stairs/ring the doorbell/grow the pumpkin""",
}

VERB_PHRASES: dict[str, tuple[str, ...]] = {
    name: tuple(" ".join(entry.split()) for entry in text.split("/")) for name, text in _VERB_LISTS.items()
}
