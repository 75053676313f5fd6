"""Plots about people and who they are: meetings, parties, games, quarrels, and who did what."""

from __future__ import annotations

PLOTS = """
plot whoswho
roles A:hero B:friend C:friend P:outdoor
animals
= start
- There [^~~:be] {once |}[~~three friends] in {one street|a little town|the same house|a village by the sea}:
  [A.intro], [B.intro] and [C.intro]. // [~Everyone] [~:mix] [ABC.him] up.
- [~~Three friends] [~:live] next door to each other: [A.intro], [B.intro] and [C.intro]. // [~Nobody] [~:could] tell
  who [~:do/had] what.
= facts
- So remember this. // [A.n] [A:be/s] the [A.g] who [A:%deed*1]. // [B.n] [B:be/s] the [B.g] who [B:%deed*2]. // And
  [C.n] [C:be/s] the [C.g] who [C:%deed*3].
- One day, [A.n] [A:%deed*1]. // On the same day, [B.n] [B:%deed*2]. // And [C.n] [C:%deed*3].
- {This|Here} [^~:be/s] [~the news] of the week: [A.n] [A:%deed*1], [B.n] [B:%deed*2], and [C.n] [C:%deed*3].
= ask1
- [~Who] [~:%deed*1]? // [A.n] [A:do]. // And [~who] [~:%deed*3]? // [C.n] [C:do].
- [^B:do] [B.n] [%deed*1]? // No, [B.n] [B:do] not. // [A.n] [A:be/s] the [A.g] who [A:%deed*1].
- "[A>B][^you:do] [you] [%deed*3]?" [A.n] [A:ask]. // "[B>A]No, [I] [I:%deed*2]," [^B:say] [B.n]. // "[B>A][C.n]
  [C:%deed*3]."
= ask2
- What [^B:do] [B.n] do? // [B.n] [B:%deed*2].
- [^C:do] [C.n] [%deed*2]? // No, [B.n] [B:be/s] [~the one] who [~:%deed*2].
- "[C>A][~Who] [~:%deed*2]?" [C.n] [C:ask]. // "[A>C][B.n] [B:do]," [A.n] [A:answer]. // "[A>C][I] [I:%deed*1], and
  [you] [you:%deed*3]."
= end
- Then [ABC] [ABC:go] [P.to] to [%game].
- After that, [~nobody] [~:mix] [ABC.him] up again.
- And in the evening, [ABC] [ABC:eat] {soup|pancakes|noodles|bread and cheese} together.

plot seek
roles A:hero B:friend C:friend H:hidein J:hidein K:hidein E:elder
animals
= @open
= begin
- One rainy day, [A.n] [A:play] hide and seek with [B.of] and [C.of]. // [A] [A:close] [A.his] eyes and [A:count] to
  {ten|twenty|thirty}.
- "[A>][I] [I:count/will]," [A.n] [A:say] to [B.of] and [C.of]. // "[A>]One, two, three..."
= hide
- [B.n] [B:hide] [H.in]. // [C.n] [C:hide] [J.in].
- [C.n] [C:run] and [C:hide] [J.in]. // [B.n] [B:-know] where to go, and then [B.he] [B:hide] [H.in].
= look
- "[A>]Here [I] [I:come/s]!" [A.n] [A:call]. // First [A] [A:look] [K.in], but [~nobody] [~:be] there.
- [A.n] [A:look] [K.in]. // [^B:be] [B.n] there? // No. // [^C:be] [C.n] there? // No.
= find1
- Then [A] [A:look] [H.in]. // There [^B:be] [B.n]! // "[A>B][I] [I:find/has] [you.o], [B.b]!" [^A:shout] [A.n].
- A foot! // [A.n] [A:see] [foot.it] [H.in]. // "[A>B]Come out, [B.b]! [I] [I:see/s] [you.o]," [A] [A:say].
= where
- But where [^C:be] [C.n]? // "[A>B][^C:be/s] [C.n] [K.in]?" [A.n] [A:ask]. // "[B>A][I] [I:-tell/will] [you.o],"
  [^B:say] [B.n].
- [AB] [AB:look] for [C.n] together. // [C.n] [C:-be] [K.in], and [C.he] [C:-be] [H.in] either.
= find2
- [#at_last], [A.n] [A:look] [J.in]. // [C.n] [C:be] there, fast asleep!
- Then there [^~:be] [~a sneeze] [J.in]. // [~It] [~:be] [C.n]!
= recap
- [B.n] [B:be/s] the [B.g] who [B:hide] [H.in], and [C.n] [C:be/s] the [C.g] who [C:hide] [J.in].
- Where [^B:be] [B.n]? // [B.n] [B:be] [H.in]. // And where [^C:be] [C.n]? // [C.n] [C:be] [J.in].
- "[E>A]Where [^B:be] [B.n]?" [E.n] [E:ask] later. // "[A>E][B.n] [B:be] [H.in], and [C.n] [C:be] [J.in]," [A.n]
  [A:answer].
= end
- "[C>A]Now [I] [I:count/s]," [^C:say] [C.n], and [~the game] [~:begin] again.
- Then [E.n] [E:call] [ABC.him] to dinner.
- [ABC] [ABC:laugh] until [~it] [~:be] time for bed.

plot party
roles A:hero B:friend C:friend D:elder T:gift U:clothing V:toy
animals
= @open
= party
- ¶On [#weekday], [~it] [~:be] [A.np] birthday. // [B.of] [B:come] to the party, [C.of] [C:come], and [D.n] [D:come]
  too.
- ¶Today [A.n] [A:have] a birthday, and [~~three guests] [~:come]: [B.of], [C.of] and [D.n].
= gifts
- [B.n] [B:give] [A.n] [T.a]. // [C.n] [C:give] [A.n] [U.a]. // [D.n] [D:give] [A.n] [V.a].
- First [B.n] [B:bring] [T.a], then [C.n] [C:bring] [U.a], and then [D.n] [D:bring] [V.a].
- On the table [^~:be] [~a big box]. // [T.n] in it [T:be] from [B.n], [U.n] [U:be] from [C.n], and [V.n] [V:be] from
  [D.n].
= play
- Then [~everyone] [~:eat] cake with {cream|cherries|chocolate|nuts} and [~:play] {music|games|cards}.
- There [^~:be] [~lemonade], and there [^~:be] [~cake] with [#number] candles. // [A.n] [A:blow] out all the candles
  and [A:make] a wish.
= muddle?
- In the evening, [A.n] [A:want] to write a card to everyone. // But [~who] [~:bring/had] what?
= recall
- [~Who] [~:give] [A.n] [U.n]? // [C.n] [C:do]. // And [~who] [~:give] [A.n] [V.n]? // [D.n] [D:do].
- "[A>D][^C:do] [C.n] give [I.o] [T.n]?" [A.n] [A:ask]. // "[D>A]No, [T.n] [T:be] from [B.n]," [^D:say] [D.n]. //
  "[D>A][C.n] [C:give] [you.o] [U.n]."
- [C.n] [C:be/s] the [C.g] who [C:bring] [U.n], and [B.n] [B:be/s] the [B.g] who [B:bring] [T.n].
- "[A>B]Thank [you.o] for [T.n]," [A.n] [A:say] to [B.n]. // "[A>C]Thank [you.o] for [U.n]," [A] [A:say] to [C.n].
= end
- That night, [A.n] [A:put] [V.n] beside the bed and [A:fall] asleep with a smile.
- [~It] [~:be] the best birthday of all.
- [A.n] [A:write] three cards and [A:draw] [T.a] on the first one.
= @happy?

plot newcomer
roles A:hero B:friend P:outdoor T:toy U:snack
animals
= @open
= alone
- But [A.n] [A:be] new in town and [A:-know] anyone. // At {lunch|noon|the break}, [A] [A:sit] alone {under a tree|on
  the stairs|near the wall}.
- [A.n] [A:move/had] to a new house far away from all [A.his] friends.
- [A.n] [A:have] no one to play with. // [A] [A:watch] the others from the window and [A:%grieve].
= see
- ¶[P.in], [B.intro] [B:play/ing] with [T.a]. // [B.n] [B:see] [A.n] and [B:wave].
- ¶One [#daypart], [A.n] [A:hear] a laugh [P.in]. // [B.intro] [B:sit/ing] there with [T.a].
= hello
- "[B>A]Hello! [I] [I:be/s] [B.b]. What [^~:be/s] [you.p] [~name]?" [B] [B:ask]. // "[A>B][I] [I:be/s] [A.b]," [A.n]
  [A:whisper].
- "[A>B]What [^~:be/s] [~that]?" [A.n] [A:ask] [#shyly]. // "[B>A][~This] [~:be/s] [T.a]," [B.n] [B:answer]. //
  "[B>A][^you:would] [you] like to try?"
= shy
- At first, [A.n] [A:-say] much. // [B.n] [B:-mind].
- [A.n] [A:want] to run away, but [A.he] [A:stay].
= share
- Then [A.n] [A:take] out [U.a]. // "[A>B][^you:do/s] [you] like [U.s]?" [A.n] [A:ask]. // "[B>A][I] [I:love/s]
  [U.s]!" [^B:say] [B.n].
- [B.n] [B:let] [A.n] hold [T.n], and [A.n] [A:give] [B.n] half of a cookie.
= play
- [AB] [AB:%game] until the evening.
- [A.n] [A:like] to [%hobby*], and [B.n] [B:like] to [%hobby*] too.
= next
- ¶The next day, [B.n] [B:wait/ing] at the {gate|corner|bus stop}. // "[B>A]Come, [I] [I:keep/has] a place for
  [you.o]," [B.n] [B:call].
- ¶From then on, [A.n] [A:-be] alone any more.
= who?
- "[A>][B.n] [B:be/s] the [B.g] who [B:say] hello to [I.o]," [A.n] [A:tell] everyone at home.
- [~Who] [~:say] hello first? // [B.n] [B:do].
= @end_two

plot quarrel
roles A:hero B:friend T:toy P:outdoor D:elder
animals
= @open
= both
- One day, [A.n] [A:go] for a walk with [B.of]. // [P.in], [AB] [AB:find] [T.a].
- [D.n] [D:bring] [T.a] for [A.n] and [B.of], but only one.
= fight
- "[A>B][T.he] [T:be/s] mine!" [A.n] [A:%cry_out]. // "[B>A]No, [T.he] [T:be/s] mine! [I] [I:see] [T.him] first!" [B.n]
  [B:%cry_out].
- [A.n] [A:pull] at one end, and [B.n] [B:pull] at the other. // "[B>A]Let go!" [^B:shout] [B.n]. // "[A>B]Let go
  [you.self]!" [^A:shout] [A.n].
= break
- [~Nobody] [~:want] to give in. // Crack! // [T.n] [T:break] in two.
- Then, with a loud noise, [T.n] [T:break].
- [A.n] [A:run] home and [A:slam] the door, and [B.n] [B:stay] behind with [T.n].
= think
- ¶At home, [A.n] [A:sit] in [A.his] room. // [~It] [~:be] very quiet without [B.n]. // [A] [A:-be] angry any more,
  only [#sad].
- ¶"[D>A]Why [^you:be/s] [you] so quiet?" [D.n] [D:ask]. // "[A>D]Because [B.n] [B:be/s] angry with [I.o]," [A.n]
  [A:say]. // "[D>A]And [^you:be/s] [you] angry with [B.o]?" [D.n] [D:ask]. // "[A>D]Not any more," [A.n] [A:say].
= sorry
- ¶The next morning, [A.n] [A:knock] at the door. // "[A>B][I] [I:be/s] sorry," [A.n] [A:say]. // "[B>A][I] [I:be/s]
  sorry too," [B.n] [B:say].
- ¶[B.n] [B:come] first. // "[B>A][^we:can] [we] mend [T.n] together?" [B.n] [B:ask]. // "[A>B]Yes, let us try," [A.n]
  [A:say].
= mend
- With glue, string and {a nail|some paper|a little paint}, [AB] [AB:mend] [T.n]. // [T] [T:be] not as pretty as
  before, but [~it] [~:-matter].
- [AB] [AB:make] a plan: on Mondays [A.n] [A:have/would] [T.n], and on Tuesdays [B.n] [B:have/would] [T.o].
= lesson?
- [A.n] [A:learn/had] that [~a friend] [~:be/s] worth more than [T.a].
- "[A>B]Next time, [we] [we:take/will] turns," [A.n] [A:say].
= @both_happy?
= @end_two

plot novelty
roles A:hero B:friend C:worker T:novelty P:town
animals
= @open
= build
- One day, [A.n] [A:build] [~something] that [~nobody] [~:see/had] before. // [A] [A:call] it [T.a].
- "[A>][I] [I:make/will] [T.a]," [A.n] [A:say] at breakfast. // [~Nobody] [~:know] what [T.a] [T:be].
= ask
- "[B>A]What [^~:be/s] [T.gen]?" [B.of] [B:ask]. // "[A>B][T.gen] [~:be/s] a machine that can {peel onions|wake up
  cats|count clouds|fold socks|slice bread|find lost keys|dry wet dogs|tell jokes}," [A.n] [A:explain].
- [B.of] [B:come] to see [T.n]. // "[B>A][^T:be/s] [T.n] dangerous?" [B.n] [B:ask]. // "[A>B]Only a little," [A.n]
  [A:say].
= make
- For [T.n], [A.n] [A:need] [#number] wheels, a {spring|bell|kettle|pump} and a lot of {string|glue|wire|tape}.
- [A.n] [A:work] on [T.n] [#hard], day after day, and [B.n] [B:hold] the {hammer|ladder|lamp|screws}.
= first
- ¶Then [A.n] [A:press] the [#colour] button. // [T.n] [T:hum], [T:shake] and [T:stop]. // "[B>A]Oh dear," [^B:say]
  [B.n].
- ¶On the first day, [T.n] [T:-work]. // [T] only [T:make] a noise like {a goose|a train|thunder|an old door}.
= trouble?
- On the second day, [T.n] [T:run] out of the door and down the street. // [AB] [AB:run] after it.
- [~~All the neighbors] [~:complain] about the noise. // "[B>A][^we:must] [we] stop [T.n]?" [B.n] [B:ask].
= fix
- Then [B.n] [B:find] a loose screw and [B:turn] [screw.it] twice to the [#direction]. // Now [T.n] [T:work]!
- "[A>B]Maybe [~~two more wheels] [~:will] help," [^A:say] [A.n]. // And so [~it] [~:be]: now [T.n] [T:work] like a
  dream.
= fame
- ¶Soon [~everyone* in town] [~:want] [T.a]. // [C.intro] [C:come] to the door. // "[C>A][^you:can] [you] make
  [#number] [T.s] for [I.o]?" [C.n] [C:ask].
- ¶[A.n] [A:show] [T.n] [P.in]. // [~~All the people] [~:clap], and [B.n] [B:explain] how [T.n] [T:work].
- ¶Now there [^~:be/s] [T.gen] in every house of the town.
= end
- "[B>][A.n] [A:be/s] the [A.g] who [A:build] the first [T.b]," [B.n] [B:tell/s] everyone.
- [~Who] [~:build] [T.n]? // [A.n] [A:do]. // And [~who] [~:mend] [T.n]? // [B.n] [B:do].
- And [~everyone] who [~:want/s] [T.a] [~:come/s] to [A.n].
"""
