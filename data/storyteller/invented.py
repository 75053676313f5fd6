"""Invented words: syllables put together into something that is not English."""

from __future__ import annotations

from collections.abc import Container, Sequence
from random import Random

from data.storyteller.lexicon_nouns import NOUN_LEMMAS
from data.storyteller.wordlists import words

_ONSETS = words("b bl br d dr f fl g gl gr h j k kl l m n p pl pr qu r s sk sl sn t tr v w y z zw")
_VOWELS = words("a e i o u oo ee a o u")
_CODAS = words("b bb k ck g l ll m n nd ng nk p r rk rn sk t zz x mp")
_MIDDLES = words("b d f g k l m mb n nd ng p r rb rl rt s t v z zz mp lk")
THING_ENDINGS = words("et it ok le er y o oo im on")
"""How a thing or a creature may end."""
PLACE_ENDINGS = words("ia or ora wick mere dell ona ara unda esh")
"""How a place may end."""

_ENGLISH = frozenset(
    words(
        """
        bill boll bomb book boot bond born bump burn cook deer doll door drum dull fall fell fill food foot fork
        form fuzz gold golf good goon gull hall hand hang hard hark harp hell help hill hook horn hull hump hung
        hunk hurt jump junk kill kilt king kind land lamp lark link lock look loop mall mark mask melt milk mill
        mind moon nook null pant park perk pill pink pull pump rank rink rock roll room root rung sell sick sill
        sing sink skill skin skull sock sold soon spell tall tank task tell till torn turn wall walk wand well wild
        will wing wink wolf wood work worn zoom black block blink blank bling brick brook broom bring brink brand
        brunt clock crook drink droll drunk drill flank flock flood floor flung frill frock frank gland glint grand
        grill groom grunt plank plant pluck plump prank print prong pull quick quill slack slump small smell snack
        snarl sneer snoop speck spill spoon stall stand stick still stock stoop stork storm sting stung stunk swell
        swing swoop swung tramp trick troll trunk trump twist swan swarm better bitter butter batter letter litter
        matter robber rubber hammer hummer dinner winner number member finger garden golden burden pillow yellow
        fellow hollow mellow follow marker parker border harder murder order tender wonder under vendor hello gallop
        polo limo hobble gobble wobble bubble rubble saddle puddle middle riddle fiddle paddle cuddle noodle poodle
        doodle goggle giggle jiggle wiggle juggle google boggle toggle simple sample dimple nimble tumble bumble
        rumble humble mumble fumble grumble crumble marble garble gurgle hurdle turtle hurtle kettle settle battle
        rattle cattle little bottle puzzle nuzzle muzzle guzzle drizzle sizzle dazzle tackle pickle tickle buckle
        bronze bonk honk zonk gonk drool droop prick sickle nickle ladle cradle table fable cable gable able bible
        double trouble couple bugle ample bundle handle candle gentle dangle tangle single jingle mingle jungle
        bungle angle ankle sprinkle wrinkle twinkle tramble purple circle startle prize frizz quiz fizz buzz jazz
        skunk slink slunk snick sneak skimp skip
        """
    )
) | frozenset(NOUN_LEMMAS)


def pseudo_word(rng: Random, endings: Sequence[str], taken: Container[str]) -> str:
    """A word that is not English and not in `taken`: one syllable, or two with an ending of `endings`."""
    while True:
        word = rng.choice(_ONSETS) + rng.choice(_VOWELS)
        word += rng.choice(_CODAS) if rng.random() < 0.4 else rng.choice(_MIDDLES) + rng.choice(endings)
        looks_inflected = word.endswith(("s", "ed", "ing"))
        if len(word) > 3 and not looks_inflected and word not in _ENGLISH and word not in taken:
            return word
