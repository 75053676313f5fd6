"""Plots of a day or a night: noises, storms, soups, swaps, music, clothes, journeys."""

from __future__ import annotations

PLOTS = """
plot noise
roles A:hero E:elder N:noise
= @open
= night
- One {dark|windy|moonless|stormy} night, [A.n] [A:lie] in bed and [A:could] not sleep.
- One night, [~it] [~:be] very late, and [~everyone* in the house] [~:sleep/ing]. // Only [A.n] [A:be] still awake.
- One night, [A.n] suddenly [A:wake] up. // [~The house] [~:be] dark and still.
= sound
- Then there [^~:be] [~a noise]: {scratch, scratch|tap, tap, tap|thump, thump|creak, creak|a long, low hum}. // [~It]
  [~:come] from the {attic|cellar|kitchen|hallway|garden|roof}.
- What [^~:be] [~that]? // {Scratch, scratch|Tap, tap, tap|Thump, thump|Rustle, rustle}. // There [~it] [~:be] again!
= fear
- [A.n] [A:be] [#afraid]. // "[A>][^~:be/s] [~it] a {ghost|thief|monster|dragon|wolf}?" [A] [A:whisper].
- [A.n] [A:pull] the blanket over [A.his] head and [A:count] to [#number]. // [~The noise] [~:-stop].
= call
- "[A>E][E.b]! [^you:do/s] [you] hear that?" [A.n] [A:call]. // [E.n] [E:come] with a {candle|lamp|lantern}. //
  "[E>A]Yes, [I] [I:hear/s] it too," [E.he] [E:say].
- [A.n] [A:tiptoe] to the room of [E.n]. // "[A>E][~Someone] [~:be/s] in the house," [A.n] [A:say]. // "[E>A]Then let
  us say hello," [^E:answer] [E.n].
= go
- Hand in hand, [AE] [AE:walk] down the stairs. // [~~The steps] [~:creak], and [~the clock] [~:tick].
- [E.n] [E:hold] the light, and [A.n] [A:hold] [E.np] hand.
= reveal
- [E.n] [E:open] the door. // There [^N:sit] [N.a]! // [N] [N:be] more afraid than [A.n].
- And what [^AE:do] [AE.he] see? // Only [N.a]!
- Slowly, [A.n] [A:look] around the corner. // "[A>E][~It] [~:be/s] only [N.a]!" [A] [A:say] and [A:laugh].
= after
- "[E>A][~~Most ghosts] [~:be/s] really [N.s] or {shutters|branches|old pipes}," [^E:say] [E.n].
- [A.n] [A:give] [N.n] {a crumb|some milk|a bit of cheese|a leaf} and [A:go] back to bed.
- [E.n] [E:make] hot {milk|cocoa|tea} for two. // "[E>A][you] [you:be] brave," [E.he] [E:say]. // "[A>E]But [I] [I:be]
  [#afraid]," [A.n] [A:say]. // "[E>A]And still [you] [you:come] with [I.o]. [~That] [~:be/s] brave," [E.n]
  [E:answer].
= sleep
- Soon [A.n] [A:sleep/ing], and [~the moon] [~:shine] on the roof.
- The next night, there [^~:be] [~the noise] again. // "[A>N]Good night, [N.b]," [A.n] [A:say].
= who?
- [N.n] [N:be] the ghost of that night, and [A.n] [A:be/s] the [A.g] who [A:find] out.

plot soup
roles A:hero B:friend C:worker D:worker K:ingredient L:ingredient M:ingredient
animals
= @open
= hungry
- One cold day, there [^~:be] [~nothing] to eat in the house but water and bread.
- One [#weekday], [A.n] [A:have] a big pot and a good fire, but nothing to put into the pot.
= plan
- "[A>A]What [^~:can] [~anyone] put into a soup?" [A.n] [A:think]. // "[A>A]Perhaps [~~the others] [~:have/s]
  something."
- So [A.n] [A:put] the pot in the middle of the {square|street|yard} and [A:begin] to stir. // "[A>][I] [I:make/sing]
  stone soup," [A.n] [A:tell] everyone.
= first
- ¶[B.of] [B:come] by. // "[B>A]What [^you:be/s] [you] cooking?" [B.n] [B:ask]. // "[A>B]Soup, but [soup.it]
  [~:need/s] [K.a]," [^A:say] [A.n]. // "[B>A][I] [I:have/s] [K.a] at home!" [^B:say] [B.n].
- ¶First [B.of] [B:smell] the soup. // "[B>A][^I:may] [I] taste [soup.it]?" [B.n] [B:ask]. // "[A>B]Not yet.
  [~Something] [~:be/s] missing: [K.a], perhaps," [A.n] [A:answer]. // [B.n] [B:run] home and [B:come] back with
  [K.a].
= second
- Then [C.intro] [C:come] along. // "[A>C][~It] [~:be/s] good soup, but with [L.a] [soup.it] [~:be/would] better,"
  [A.n] [A:say]. // So [C.n] [C:bring] [L.a].
- [C.intro] [C:hear] of it and [C:bring] [L.a]. // "[C>A]Take this," [C.n] [C:say].
= third
- And [D.intro]? // [D] [D:bring] [M.a].
- [D.intro] [D:come] last. // "[D>A][I] [I:have/s] only [M.a]," [D.n] [D:say]. // "[A>D][~That] [~:be/s] just right!"
  [^A:say] [A.n].
= cook
- Into the pot [^~:go] [~everything]: [K.b], [L.b] and [M.b].
- Then [~everything] [~:go] in: [K.b], [L.b], [M.b] and a little {pepper|salt|butter|parsley}. // [A.n] [A:stir] and
  [A:stir].
= eat
- ¶In the evening, [ABCD] [ABCD:eat] together, and there [^~:be] [~enough] for all.
- ¶[~The soup] [~:be] hot and [#flavour]. // "[C>A][~This] [~:be/s] the best soup in the world," [^C:say] [C.n].
= who
- [~Who] [~:bring] [K.n]? // [B.n] [B:do]. // [~Who] [~:bring] [L.n]? // [C.n] [C:do]. // And [~who] [~:bring] [M.n]?
  // [D.n] [D:do].
- [B.n] [B:be/s] the [B.g] who [B:bring] [K.n], [C.n] [C:be/s] the [C.g] who [C:bring] [L.n], and [D.n] [D:be/s] [~the
  one] who [~:bring] [M.n].
= end
- "[B>A]How [^you:do] [you] make so much from nothing?" [B.n] [B:ask]. // "[A>B][I] [I:do] not. [we] [we:do],"
  [^A:say] [A.n].
- After that, [~~the neighbors] [~:cook] together every [#weekday].

plot swap
roles A:hero B:friend C:worker D:worker T:small U:toy V:snack W:gift
animals
= @open
= has
- One [#daypart], [A.n] [A:find] [T.a] on the road. // [A] [A:-need] [T.o].
- One day, [A.n] [A:have] [T.a], but [A.he] [A:want] [W.a] instead.
= first
- ¶On the way, [A.n] [A:meet] [B.of], who [B:have] [U.a]. // "[A>B][^you:will] [you] give [I.o] [U.n] for [T.n]?"
  [A.n] [A:ask]. // "[B>A]Yes, [I] [I:like/s] [T.n]," [^B:say] [B.n]. // So [A.n] [A:get] [U.n].
- ¶"[B>A]What [^~:be/s] [~that]?" [^B:ask] [B.of]. // "[A>B][~This] [~:be/s] [T.a]," [^A:answer] [A.n]. // "[B>A][I]
  [I:give/will] [you.o] [U.a] for [T.o]," [B.n] [B:say]. // And [A.n] [A:give] [T.n] to [B.n] and [A:take] [U.n].
= second
- ¶Next, [A.n] [A:meet] [C.intro]. // "[C>A][I] [I:want/has] to buy [U.a] for weeks," [C.n] [C:say]. // [C.n] [C:give]
  [A.n] [V.a], and [A.n] [A:give] [C.n] [U.n].
- ¶At the corner, [C.intro] [C:stop]. // "[C>A][^you:will] [you] give [I.o] [U.n]? [I] [I:have/s] [V.a] for [you.o],"
  [C.n] [C:say]. // [A.n] [A:take] [V.n], and [C.n] [C:go] away with [U.n].
= third
- ¶[D.intro] [D:sit/ing] by the road and [D:be] very hungry. // "[A>D][^you:would] [you] like [V.a]?" [A.n] [A:ask].
  // [D.n] [D:eat] [V.n] and [D:smile]. // "[D>A][I] [I:have/s] no money, but here [^W:be/s] [W.a]," [D.n] [D:say].
- ¶Then [A.n] [A:see] [D.intro] with [W.a]. // "[D>A][W.n] for [V.n]?" [D.n] [D:ask]. // "[A>D]Gladly!" [^A:say]
  [A.n].
= home
- So [A.n] [A:come] home with [W.a].
- ¶In the evening, [A.n] [A:tell] the story at home: [T.n] for [U.n], [U.n] for [V.n], and [V.n] for [W.n].
= recap
- [~Who] [~:have/s] [T.n] now? // [B.n] [B:have/s] [T.o]. // And [~who] [~:have/s] [U.n]? // [C.n] [C:do/s].
- [B.n] [B:be/s] the [B.g] who [B:get] [T.n], [C.n] [C:be/s] the [C.g] who [C:get] [U.n], and [D.n] [D:be/s] [~the
  one] who [~:eat] [V.n].
= end
- And [~everyone] [~:be] [#happy].
- [A.n] still [A:have/s] [W.n] today.

plot storm
roles A:hero B:friend C:beast P:outdoor H:shelter
animals
= @open
= walk
- One [#daypart], [A.n] [A:%move] [P.to] with [B.of]. // [~The sky] [~:be] blue, and [~no one] [~:think] of rain.
- One day, [A.n] [A:want] to show [B.of] a secret place [P.in]. // [AB] [AB:set] off after breakfast.
= clouds
- Then [~the wind] [~:change]. // [~~Black clouds] [~:come] over the {hills|roofs|trees}, and [~the first drop]
  [~:fall].
- "[B>A]Look at the sky," [B.n] [B:say]. // "[A>B][~A storm] [~:come/sing]," [^A:say] [A.n].
= storm
- ¶[~Thunder] [~:roll]. // [~Lightning] [~:flash]. // [~The rain] [~:be] so strong that [AB] [AB:could] hardly see.
- ¶[~The wind] [~:tear] leaves from the trees, and [~~the branches] [~:crack].
= shelter
- "[A>B]Run [H.to]!" [A.n] [A:%cry_out]. // [AB] [AB:run] as fast as [AB.he] [AB:could].
- [B.n] [B:see] [H.n] first. // "[B>A]Quick, in there!" [B.n] [B:call].
= guest
- Inside [^C:sit] [C.intro], wet and cold. // "[C>A][^I:may] [I] stay?" [C.n] [C:ask]. // "[A>C]Of course. [~The roof]
  [~:be/s] big enough for three," [^A:say] [A.n].
- [~It] [~:be] dark inside. // "[B>A][~Someone] [~:be/s] here," [B.n] [B:whisper]. // [~It] [~:be] [C.intro]. //
  "[C>B]Do not be afraid. [I] [I:wait/sing] for the end of the rain too," [C.n] [C:say].
= pass
- To pass the time, [A.n] [A:sing], [B.n] [B:tell] a story, and [C.n] [C:listen].
- [A.n] [A:have] an apple, [B.n] [B:have] some nuts, and [C.n] [C:have] a pear. // [ABC] [ABC:share] everything.
- "[B>C][^you:be/s] [you] afraid of thunder?" [B.n] [B:ask]. // "[C>B]Only when [I] [I:be/s] alone," [^C:answer]
  [C.n].
= over
- ¶[#at_last], [~the rain] [~:stop]. // [~A rainbow] [~:stand] over the {hills|fields|river|town}.
- ¶When [~the sun] [~:come] out again, [~every leaf] [~:shine].
= end
- "[C>A]Thank [you.o]," [^C:say] [C.n], and [C:go] away over the wet grass.
- [ABC] [ABC:promise] to meet there again at the next storm.
- Since that day, [A.n] [A:have/s] never been afraid of thunder.

plot music
roles A:hero B:friend C:worker D:elder T:instrument P:hall
= @open
= wish
- One day, in a shop window, [A.n] [A:see] [T.a]. // From then on, [A] [A:dream] of [T.o] every night.
- One day, [D.n] [D:bring] down [T.a] from the attic. // "[D>A][I] [I:play] [T.o] when [I] [I:be] young," [D.n]
  [D:say]. // "[D>A]Now [~it] [~:be/s] [you.p] turn."
= first
- [A.n] [A:try] to play [T.n]. // [~It] [~:sound] like {a sick cat|a broken door|two angry geese|an old gate}.
- [A.n] [A:play] the first note. // [~It] [~:be] so bad that [~the dog] [~:hide] under the bed.
= teacher
- [C.intro] [C:live] next door and [C:know] a lot about music. // "[C>A]Come every [#weekday], and [I] [I:teach/will]
  [you.o]," [C.n] [C:say].
- [A.n] [A:go] to [C.intro]. // "[A>C][^you:can] [you] teach [I.o] to play [T.n]?" [A] [A:ask]. // "[C>A]If [you]
  [you:practice/s] every day," [^C:answer] [C.n].
= practise
- [A.n] [A:practice] one song again and again. // [B.of] [B:stop] [B.his] ears with wool.
- Every day [#clock], [A.n] [A:practice], and [B.of] [B:sing] along.
= fear
- ¶Then [~the day* of the concert] [~:come]. // "[A>B][I] [I:-want/s] to go," [A.n] [A:say]. // "[B>A]Look only at
  [I.o]," [^B:say] [B.n].
- ¶One [#weather] evening, there [^~:be] [~a concert] [P.in]. // [A.n] [A:be] very [#afraid]. // [A] [A:hold] [T.n]
  and [A:-move].
= play
- [A.n] [A:breathe] in and [A:begin] to play. // After the first notes, [A.he] [A:forget] all the people.
- [A.n] [A:make] one mistake, but [~nobody] [~:hear] [mistake.it]. // [~The song] [~:fill] the whole room.
= applause
- [~Everyone] [~:clap], and [D.n] [D:clap] longest of all.
- [C.n] [C:stand] up. // "[C>A]Bravo, [A.b]!" [C.he] [C:shout].
= end
- [A.n] [A:be/s] the [A.g] who [A:play] [T.n], and [C.n] [C:be/s] the [C.g] who [C:teach] [A.o].
- Now [T.n] [T:hang/s] above [A.np] bed, but never for long.
- "[D>A]Play it again," [^D:say] [D.n]. // And [A.n] [A:do].

plot coat
roles A:hero B:friend C:tailor D:elder T:clothing U:clothing
= @open
= cold
- One year, [~winter] [~:come] early. // [D.n] [D:give] [A.n] [T.a].
- For the first day of school, [A.n] [A:get] [T.a] from [D.n]. // [A] [A:be] very proud of [T.o].
= love
- [A.n] [A:wear] [T.n] every day, in sun and rain, at home and at school.
- "[D>A][^you:will] [you] sleep in [T.o] too?" [D.n] [D:ask]. // And so [A.n] [A:do]!
= small
- ¶But [A.n] [A:grow] and [A:grow]. // One morning, [T.n] [T:be] too small.
- ¶The next winter, [A.n] [A:could] not wear [T.n] any more. // "[D>A][you] [you:grow/has]," [^D:say] [D.n]. //
  "[A>D]No, [T.n] [T:get/has] smaller!" [^A:say] [A.n].
= meet
- On the street, [A.n] [A:see] [B.of]. // [B.n] [B:shiver/ing] in the wind. // "[A>B]Why [^you:be/s] [you] so cold?"
  [A.n] [A:ask]. // "[B>A][I] [I:-have/s] anything warm," [B.n] [B:whisper].
- At school, [B.of] [B:sit] near the stove all day, for [B.n] [B:have] nothing warm to wear.
= think
- [A.n] [A:look] at [T.n] for a long time. // [~It] [~:be] hard to give [T.o] away.
- "[A>D]But [T.n] [T:belong/s] to [I.o]," [A.n] [A:say]. // "[D>A]Of course. [you] [you:must] decide," [^D:say] [D.n].
= give
- ¶The next day, [A.n] [A:give] [T.n] to [B.n]. // [T] [T:fit] perfectly!
- ¶"[A>B]Here, take [T.n]," [A.n] [A:say]. // "[B>A]For [I.o]? Really?" [B.n] [B:ask].
= joy
- [B.n] [B:%rejoice]. // [B] [B:be] warm at last.
- [B.n] [B:put] on [T.n] and [B:-take] [T.o] off until spring.
= new?
- ¶And [C.intro] [C:make] [A.n] [U.a].
- ¶On [#weekday], there [^~:be] [~a parcel] on [A.np] bed. // In [parcel.it] [^U:be] [U.a].
= end
- [A.n] [A:be/s] the [A.g] who [A:give] away [T.n], and [B.n] [B:be/s] the [B.g] who [B:wear/s] [T.o] now.
- [~Who] [~:wear/s] [T.n] now? // [B.n] [B:do/s].

plot travel
roles A:hero B:elder C:clerk V:ride P:city T:small
= @open
= plan
- One [#weekday], [A.n] [A:travel] with [B.n] [P.to]. // [~The {trip|journey}] [~:be] long, and [AB] [AB:take] [V.n].
  // [A.n] [A:have] [T.a] in [A.his] bag.
- One day, [AB] [AB:want] to take [V.n] [P.to]. // [A.n] [A:have] [T.a] in [A.his] bag. // "[A>B]How far [^~:be/s]
  [~it]?" [A.n] [A:ask]. // "[B>A]{Two|Three|Four|Five} hours," [^B:say] [B.n].
= ride
- [A.n] [A:sit] at the window and [A:count] {cows|bridges|trees|houses|red roofs|chimneys}: one, two, three, up to
  [#big_number].
- "[A>B][^we:be/s] [we] there yet?" [A.n] [A:ask]. // "[B>A]Not yet," [B.n] [B:say]. // "[A>B]And now?" [A.n] [A:ask].
  // "[B>A]No, not now," [^B:say] [B.n].
= loss
- [P.in], [A.n] [A:look] into [A.his] bag. // "[A>B]Oh no! [I] [I:leave/has] [T.n] on [V.n]!" [A.n] [A:%cry_out].
- When [V.n] [V:be] gone, [A.n] [A:stop]. // "[A>B]Where [^T:be/s] [T.n]? [T.n] [T:be] on the seat," [A.n] [A:say].
= ask
- [AB] [AB:go] to [C.intro]. // "[B>C][A.n] [A:lose/has] [T.a]," [B.n] [B:explain]. // "[C>A]What [^T:do/s] [T.n] look
  like?" [C.n] [C:ask]. // "[A>C]Small, and very dear to me," [A.n] [A:answer].
- [C.intro] [C:write] everything down: [T.a], left on the seat by the window.
= wait
- [AB] [AB:sit] on a bench and [AB:wait]. // [~An hour] [~:pass].
- "[A>B][^T:be/s] [T.n] gone forever?" [A.n] [A:ask]. // "[B>A][~Nothing] [~:be/s] gone before dinner," [^B:say]
  [B.n].
= back
- ¶Then [V.n] [V:come] back, and [C.n] [C:come] with [T.n] in [C.his] hand!
- ¶"[C>A][^~:be/s] [~this] [T.n]?" [C.n] [C:ask]. // In [C.his] hand [^T:be] [T.n].
= end
- "[A>C]Thank [you.o]!" [A.n] [A:say] and [A:%rejoice].
- [C.n] [C:be/s] the [C.g] who [C:find] [T.n], and [A.n] never [A:forget] that day.
- On the way home, [A.n] [A:hold] [T.n] in both hands.
"""
