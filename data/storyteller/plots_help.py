"""Plots of losing, finding, mending and helping."""

from __future__ import annotations

PLOTS = """
plot lost
roles A:hero B:friend T:toy P:outdoor H:hideout
animals
= @open
= treasure
- [A] [A:have] [T.a]. // [T] [T:be] a present from {a far-away aunt|an old sailor|the whole family}.
- [A] [A:have] [T.a] and [A:love] [T.o] more than anything else. // [A] [A:take] [T.o] everywhere.
- For [A.his] birthday, [A.n] [A:get] [T.a]. // [A] [A:-want] to play with anything else.
- [A] [A:have] a secret. // Under the bed, in a {shoe|paper|wooden} box, [A.he] [A:keep] [T.a].
= trip
- ¶One [#weather] [#daypart], [A.n] [A:take] [T.n] [P.to].
- ¶The next day, [A.n] [A:go] [P.to] to [%game]. // [A] [A:take] [T.n] along.
- ¶On [#weekday], [A.n] [A:%move] [P.to] with [T.n] in {a bag|a basket|a backpack|both hands}.
= lose
- There [A.he] [A:%trick] and [A:drop] [T.o]. // When [A.he] [A:look] down again, [T.n] [T:be] gone!
- [A] [A:stay] there until [~it] [~:be] {dark|late|time for dinner}. // At home, [A] [A:open] the bag, but [T.n]
  [T:-be] there.
- [A] [A:%trick]. // When [A] [A:turn] around, [A] [A:could] not see [T.n] anywhere.
= sad
- [A] [A:be] very [#sad]. // [A] [A:look] for [T.n] {behind every tree|in every corner|all morning|until dark}, but
  [A.he] [A:-find] [T.o].
- [A] [A:%search]. // Then [A] [A:%search]. // [T.n] [T:-be] there.
- "[A>B]Where [^T:be/s] [T.n]?" [A] [A:%cry_out]. // [A] [A:%grieve].
= friend
- [A] [A:run] to [B.of]. // "[A>B]{Please help me|Can you help me|I need help}! [I] [I:lose/has] [T.n]," [A] [A:say].
- [B.of] [B:come] along the path. // "[B>A]Why [^you:be/s] [you] so [#sad]?" [B] [B:ask]. // "[A>B][I] [I:can] not
  find [T.n]," [^A:say] [A.n].
- [B.of] [B:hear] about it and [B:come] at once. // "[B>A]Where [^you:do] [you] last see [T.o]?" [B] [B:ask]. //
  "[A>B] [P.in], [I] [I:think/s]," [A] [A:answer].
= look
- "[B>A]Do not worry. [~~Four eyes] [~:see/s] more than two," [B] [B:say]. // So [AB] [AB:go] back [P.to] and
  [AB:look] everywhere.
- "[B>A]Let us look together," [B] [B:say]. // [A] [A:look] up, and [B] [B:look] down.
- [B.n] [B:think] {for a while|hard|for a minute}. // "[B>A][^you:do] [you] look {near|around} the [H.b]?" [B]
  [B:ask]. // "[A>B]No, [I] [I:do] not," [A] [A:%say].
= found
- [#at_last], [B.n] [B:look] [H.in], and there [^T:be] [T.n]!
- {Suddenly|Then}, [B.n] [B:see] [~something* {bright|strange|odd}] [H.in]. // [~It] [~:be] [T.n]!
- "[B>A]{Look|Come here|Over here}!" [B] [B:%cry_out]. // [H.in], under {some leaves|a branch|the dust}, [^T:be]
  [T.n].
= joy
- [A] [A:be] so [#happy] that [A.he] [A:%rejoice]. // "[A>B]{Thank you|Thank you so much}, [B.b]! [you] [you:find/has]
  [T.n]," [A] [A:say].
- "[A>B][I] [I:be/s] so [#happy]! How [^you:do] [you] find [T.o]?" [^A:ask] [A.n]. // "[B>A][I] just [I:look] [H.in],"
  [^B:say] [B.n].
= who?
- When [A] [A:get] home, [A.he] [A:tell] everyone about [B.n]. // "[A>][B.n] [B:be/s] the [B.g] who [B:find] [T.n],"
  [A] [A:say].
- [B.n] [B:be] the [B.g] who [B:find] [T.n], and [A.n] never [A:forget] it.
- [~Who] [~:find] [T.n]? // [B.n] [B:find] [T.o].
= @end_two

plot mended
roles A:hero C:crafter T:breakable D:elder
= @open
= crash
- One [#weather] [#daypart], [A.n] [A:run] through the house, and {crash|bang|oh dear}! // [T.a] [T:fall] to the floor
  and [T:break].
- One day, [A.n] [A:carry] [T.a] across the room. // [A] [A:-look] where [A.he] [A:go/ing], and [T.n] [T:fall] and
  [T:break].
- One day, [A.n] [A:play] with a ball indoors. // [~The ball] [~:hit] [T.a] on the shelf, and [T.n] [T:break].
= whose
- [T] [T:belong] to [D.n]. // "[A>A]What [^I:can] [I] do now?" [A.n] [A:%ask]. // [A] [A:be] very [#afraid].
- [T] [T:be] very old, and [D.n] [D:love] [T.o]. // [A.n] [A:hide] the pieces under a blanket.
- [D.n] [D:love] [T.n] more than anything in the house. // [A.n] [A:%grieve].
= tell
- ¶At {dinner|breakfast|supper}, [D.n] [D:look] around the room. // "[D>A][~Who] [~:break] [T.n]?" [D.n] [D:ask]. //
  [A.n] [A:take] a deep breath. // "[A>D][I] [I:do]. [I] [I:be/s] so sorry," [A] [A:say].
- ¶In the evening, [A.n] [A:go] to [D.n]. // "[A>D][I] [I:break] [T.n]. Please forgive [I.o]," [A.n] [A:say].
- ¶{For a while|At first}, [A.n] [A:-say] a word. // Then [A] [A:go] to [D.n] and [A:tell] the truth. // "[A>D][I]
  [I:be/s] [~the one] who [~:break] [T.n]," [^A:say] [A.n].
= forgive
- "[D>A][I] [I:be/s] glad that [you] [you:tell] [I.o] the truth," [^D:say] [D.n]. // "[D>A][~~Things] [~:can] be
  mended."
- "[D>A][I] [I:be/s] not {angry|cross|mad}. [~It] [~:be] an accident," [^D:say] [D.n].
- [D.n] [D:be] [#sad], but [D.he] [D:-shout]. // "[D>A][~The truth] [~:be/s] worth more than [T.a]," [D.he] [D:say].
= mend
- ¶The next day, [A.n] [A:carry] the pieces to [C.intro]. // "[A>C][^you:can] [you] mend [T.n]?" [A.n] [A:ask]. //
  "[C>A] [#sure]! [I] [I:have/s] some very strong glue," [^C:say] [C.n].
- ¶{In town|At the end of the street|Next door} [C.intro] [C:live]. // [A.n] [A:bring] [T.n] there in a box. // [C.n]
  [C:look] at every piece [#softly] and [C:begin] to work.
- ¶Together, [AD] [AD:visit] [C.intro]. // "[D>C]How long [^~:will] [~it] take to mend [T.n]?" [D.n] [D:ask]. //
  "[C>D]Come back in [#number] {hours|days}," [^C:say] [C.n].
= good
- [#at_last], [T.n] [T:look] almost new. // [A.n] [A:pay] for the work with [A.his] own coins, and [D.n] [D:be]
  [#happy].
- [~It] [~:take] [#number] hours, but then [T.n] [T:be] whole again. // [D.n] [D:put] [T.o] back in the old place.
= who?
- Now [C.n] [C:be/s] the [C.g] who [C:mend] [T.n], and [A.n] [A:be/s] the [A.g] who [A:tell] the truth.
- [~Who] [~:mend] [T.n]? // [C.n] [C:do]. // [~Who] [~:break] [T.o]? // [A.n] [A:do], but [A.he] [A:tell] the truth.
= last
- After that, [A.n] always [A:walk] slowly in the house.
- [A.n] never [A:play] near the shelf again.
- That night, [A.n] [A:sleep] very well.

plot stuck
roles A:hero B:friend T:rescued P:outdoor W:rescuer
animals
= @open
= hear
- ¶One [#daypart], [A.n] [A:hear] {a small cry|a sad little voice|a strange sound} [P.in]. // [~It] [~:be] [T.a]!
- ¶On the way [P.to], [A.n] [A:see] [T.a]. // [T.n] [T:be] all alone.
- ¶[A.n] [A:walk/ing] home when [A.he] [A:hear] something. // [~The sound] [~:come] from very near. // There,
  {beside|not far from} the path, [^T:be] [T.a].
= trouble
- [T.n] [T:be] stuck {in a hole|between two rocks|under a branch|in an old net|in the mud} and [T:could] not move.
- [T.n] [T:hurt/had] {a leg|a foot} and [T:could] not walk.
- [T.n] [T:be] {too weak to stand|wet and cold|caught in some string|trapped in a ditch}.
= calm
- "[A>T]Do not be afraid. [I] [I:help/will] [you.o]," [A] [A:say] [#softly].
- [A] [A:kneel] down and [A:speak] [#softly]. // "[A>T]Stay still, little one. [I] [I:be/s] here now."
- "[A>T]Poor thing! How long [^you:have/s] [you] been here?" [A] [A:%ask]. // Of course, [T.n] [T:-answer].
= alone
- [A] [A:pull] and [A:push], but [~it] [~:-help].
- [A] [A:try] {once|twice|three times}, but [A.he] [A:be] not strong enough.
- [A.n] [A:need] help, so [A.he] [A:call] as loudly as [A.he] [A:could].
= friend
- [B.of] [B:hear] the noise and [B:come] with [W.a]. // "[B>A]Let us use [W.n]," [B.n] [B:say].
- Soon [B.of] [B:come] by. // "[A>B]Quick, bring [W.a]!" [^A:call] [A.n]. // [B.n] [B:run] home and [B:come] back with
  [W.n].
- [A] [A:run] to [B.of] and [A:ask] for [W.a]. // "[B>A][~What] [~:happen/has]?" [B.n] [B:ask]. // "[A>B][T.n]
  [T:need/s] us!" [^A:say] [A.n].
= free
- With [W.n], [AB] [AB:work] {slowly|together|side by side}. // [#at_last], [T.n] [T:be] free!
- [B.n] [B:hold] [W.n], and [A.n] [A:lift] [T.n] out. // "[A>B][we] [we:do] it!" [A.n] [A:%cry_out].
- {One, two, three!|Slowly, very slowly,} [AB] [AB:pull] [T.n] to a safe place.
= care
- ¶For [#number] days, [A.n] [A:feed] [T.n] {milk|seeds|bread|small worms|clover} and [A:keep] [T.o] in a warm box.
- ¶[A.n] [A:wrap] [T.n] in a scarf, and [B.n] [B:bring] some water.
- ¶[A.n] [A:name] [T.n] {Lucky|Star|Little One|Sunday}. // Every morning, [B.n] [B:ask] how [T.n] [T:be].
= go
- When [T.n] [T:be] strong again, [A.n] [A:open] the box. // [T.n] [T:look] back once and [T:go] home.
- Then [~the day] [~:come] to say goodbye. // "[A>T]Be careful, little one," [A.n] [A:say].
- One morning, [T.n] [T:be] well again. // [A.n] [A:be] [#happy] and a little [#sad] at the same time.
= return?
- ¶A year later, [T.n] [T:come] back. // [T] [T:bring/had] {a feather|a berry|a shiny stone|three babies} to show.
- ¶Sometimes, early in the morning, [A.n] still [A:hear] [T.n] near the window.
= who?
- [~~People] still [~:talk/s] about it. // "[B>][A.n] [A:be/s] the [A.g] who [A:save] [T.n]," [B.n] always [B:say/s].
= @end_two
"""
