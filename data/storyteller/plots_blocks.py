"""Blocks that plots share: how stories open, how they end, what an invented word means."""

from __future__ import annotations

BLOCKS = """
block open
- Once upon a time there [^A:be] [A.intro].
- {Long ago|Many years ago|Once}, [A.intro] [A:live] in {a small house|a little village|a big town|an old cottage|a
  tall house} {near the river|at the edge of the forest|by the sea|at the foot of a mountain|beside a quiet road}.
- There [^A:be] once [A.intro] who [A:like] to [%hobby].
- [A.intro] [A:live] {near the river|by the sea|not far from the forest|next to a bakery|on a long street}. // Every
  [#daypart], [A] [A:like] to [%hobby].
- [~This] [~:be/s] the story of [A.intro]. // [A] [A:be] very [#character] and [A:love] to [%hobby].
- [A.intro] [A:have] {two brothers|three sisters|a big family|many cousins|a little sister}. // Every [#weekday] [~the
  whole family] [~:eat] {soup|pancakes|fish|noodles|dumplings} together.
- {Far away|Far to the [#direction]}, there [^A:be] [A.intro] who [A:-like] to [%chore].
- Meet [A.intro]. // [A] [A:be] the [A.g] who always [A:want] to [%hobby].
- In a {town|village|street|house} full of {noise|flowers|stairs|cats|music|old clocks} there [^A:live] [A.intro]. //
  [A] [A:love] to [%hobby], and [A.he] [A:-like] to [%chore].
- [A.intro] [A:be] known to everyone in the {street|town|village}. // Why? // Because [A.he] always [A:want] to
  [%hobby], even on {Sundays|rainy days|cold mornings|Mondays}.
- What [^A:do] [A.intro] like best? // [A] [A:like] to [%hobby], to [%hobby*] and, most of all, to [%game].
- If there [^~:be] [~one thing] that [A.intro] [A:-like], [~it] [~:be] to [%chore].
- [~~Some people] [~:like/s] to [%hobby], but [A.intro] [A:want] to [%hobby*] all day.
- [~~The old people] still [~:tell/s] this story. // [~It] [~:be/s] about [A.intro] who [A:live] {by the sea|in the
  mountains|near the forest|in a noisy town}.

block happy
- [A] [A:be] [#happy].
- [A] [A:feel] very [#happy].
- [A] [A:%rejoice].
- [A] [A:be] so [#happy] that [A.he] [A:%rejoice].
- {What|Oh, what} a [#good] [#daypart] [~it] [~:be]!

block both_happy
- [AB] [AB:be] [#happy].
- [AB] [AB:%rejoice] together.
- [A] [A:%rejoice], and [B.n] [B:%rejoice] too.
- [~Nobody] [~:be] as [#happy] as [A.n] and [B.n] that [#daypart].
- [AB] [AB:laugh] and [AB:hug] each other.

block end_two
- From that day on, [AB] [AB:be] {the best of friends|good friends|never apart for long}.
- [AB] [AB:walk] home together, and [~the sun] [~:set] behind the {hill|trees|houses|mountains}.
- That [#daypart], [A] [A:tell] {[A.his] family|everyone at home|the whole street} about [B.n].
- [A.n] never [A:forget] that day, and [B.n] never [B:forget] [day.it] either.
- {After that|Since that day}, [A.n] [A:help] [B.o] every [#weekday].
- "[A>B]{Thank you|Thanks} for everything," [A] [A:say]. // "[B>A][~That] [~:be/s] what [~~friends] [~:be/s] for,"
  [^B:say] [B.n].
- And so [^~:end] [~the story] of [A.n] and [B.n].
- [~~The stars] [~:come] out, and [AB] [AB:say] good night.
- And [AB] [AB:live] happily for many years.

block explain_creature
- [X.gen] [~:be/s] a {small|round|furry|long|shy|tall|funny} animal with
  {blue|green|striped|soft|enormous|floppy|yellow} {ears|feet|fur|wings|whiskers|spots}.
- [X.s] [~:live/s] in {hollow trees|deep caves|old barns|warm rivers|tall grass} and [~:eat/s] {nothing but
  {nuts|berries|moss|plums|carrots}|leaves and roots|only yellow flowers}.
- {[~Hardly anyone]|[~Nobody]} [~:know] much about such an animal, but [~everyone] [~:say] that [X.gen] never
  [~:bite/s].

block explain_place
- [X.n] [X:be] a place where [~the {wind|rain|sea|river}] always [~:sing].
- [~~Few people] [~:know] the way to [X.n].
- In [X.n], [~~the {houses|trees|hills|roads}] [~:be] {blue|crooked|very old|as white as milk|round}.

block explain_thing
- [X.gen] [~:be/s] a {strange|small|rare|wonderful|curious} [X.gloss] from {far away|the islands|the mountains|over
  the sea|the old days}.
- {[~Not everyone]|[~Hardly anyone]} [~:know/s] what [X.gen] [~:be/s], but [~it] [~:be/s] just a
  {rare|funny|special|very old} kind of [X.gloss].
- [X.gen] [~:be/s] much like any other [X.gloss], only {rounder|smaller|softer|much prettier|harder to find}.
"""
