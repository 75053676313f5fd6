"""Plots that go somewhere: errands, lost ways, maps, races, letters, wishes."""

from __future__ import annotations

PLOTS = """
plot errand
roles A:hero D:elder C:seller T:errand U:errand V:errand B:friend
= @open
= list
- One [#daypart], [D.n] [D:send] [A.n] to the market. // "[D>A]Please buy three things: [T.a], [U.a] and [V.a]," [D.n]
  [D:say].
- "[D>A]There [^~:be/s] [~nothing] to eat in this house," [^D:say] [D.n]. // "[D>A][^you:can] [you] go to the shop?
  [I] [I:need/s] [T.a], [U.a] and [V.a]." // "[A>D]Yes, [I] [I:can]," [A.n] [A:answer].
- [D.n] [D:give] [A.n] a basket and a list. // "[D>A]Bring [I.o] [T.a], [U.a] and [V.a]. [^you:can] [you] remember
  that?" [D.n] [D:ask].
= repeat
- "[A>A][T.b], [U.b], [V.b]," [A.n] [A:say] all the way. // "[A>A][T.b], [U.b], [V.b]."
- [A.n] [A:say] the words again and again so as not to forget: [T.b], [U.b], [V.b].
= meet
- ¶On the way, [A.n] [A:meet] [B.of]. // "[B>A]Where [^you:be/s] [you] going?" [B.n] [B:ask]. // "[A>B]To the market,"
  [^A:say] [A.n]. // [AB] [AB:talk] about {school|the weather|dogs|football|the circus} for a long time.
- ¶Near the bridge, [A.n] [A:see] {a parade|a puppet show|a band|two clowns|a tiny dog in a hat} and [A:stop] to look.
  // [A] [A:clap] and [A:laugh].
= forget
- ¶At the market, [A.n] [A:buy] [T.n] and [U.n]. // But what [^~:be] [~the third thing]? // [A] [A:could] not
  remember.
- ¶At last, [A.n] [A:come] to the shop of [C.intro]. // "[A>C][T.a] and [U.a], please, and... [I] [I:forget/has] the
  rest," [A.n] [A:say].
- ¶"[C>A]What [^you:would] [you] like?" [C.intro] [C:ask]. // "[A>C]First, [T.a]. Then, [U.a]. Then..." // [A.n]
  [A:-know] any more.
= guess
- "[C>A][^~:be] [~it] [V.a]?" [C.n] [C:ask]. // "[A>C]Yes! [V.b]! How [^you:do] [you] know?" [A.n] [A:%cry_out]. //
  "[C>A][D.n] [D:buy/s] [V.o] every week," [^C:say] [C.n].
- [A.n] [A:close] [A.his] eyes and [A:think] of the kitchen at home. // "[A>][V.b]!" [A.n] [A:%cry_out]. // "[A>][I]
  [I:need/s] [V.a]!"
- [A.n] [A:look] at every {shelf|stall|basket}, until [A.he] [A:see] [V.a]. // [~That] [~:be] it!
= home
- ¶At home, [D.n] [D:look] into the basket. // "[D>A][T.b], [U.b], [V.b]. Well done, [A.b]!" [D.n] [D:say].
- ¶"[D>A][^you:do] [you] bring everything?" [^D:ask] [D.n]. // "[A>D]Yes: [T.a], [U.a] and [V.a]," [A.n] [A:say]
  [#gladly].
= end
- [A.n] [A:-tell] [D.n] about {the long talk|the long way}, but [D.n] [D:guess] it.
- [D.n] [D:cook] a big pot of soup, and [AD] [AD:eat] together.
- Next time, [A.n] [A:write] a list.

plot lostway
roles A:hero C:beast P:outdoor Q:settlement
animals
= @open
= out
- One [#weather] [#daypart], [A.n] [A:go] [P.to] alone to {look for mushrooms|pick berries|find a shorter way|collect
  leaves}.
- [A.n] [A:want/had] to see [P.n] for a long time. // One [#daypart], [A] [A:take] some bread and [A:set] off.
- [A.n] [A:be] on the way home {[Q.in]|[P.in]} when [A.he] [A:%trick] and [A:leave] the path.
= lost
- Soon [~every path] [~:look] the same. // "[A>A]Where [^I:be/s] [I]?" [A.n] [A:%ask].
- [A] [A:walk] [#direction], then [#direction], then [#direction] again, but [~nothing] [~:look] right.
- [~Fog] [~:come] up, and [A.n] [A:could] not see the road any more. // [A] [A:be] [#afraid].
= night
- [~It] [~:grow] dark. // [~An owl] [~:call] from far away. // [A.n] [A:sit] down on a stone and [A:%grieve].
- [A] [A:shout] as loudly as [A.he] [A:could], but [~nobody] [~:answer].
- There [^~:be] [~no light] anywhere, only the wind.
= beast
- ¶Then [C.intro] [C:come] out of the dark. // "[C>A]Who [^you:be/s] [you], and why [^you:be/s] [you] crying?" [C.n]
  [C:ask]. // "[A>C][I] [I:be/s] [A.b], and [I] [I:lose/has] my way," [A.n] [A:say].
- ¶"[C>A]Good evening," [^~:say] [~a voice]. // There [^C:stand] [C.intro]. // "[C>A][you] [you:go/sing] the wrong
  way," [C.n] [C:say].
- ¶[A.n] [A:hear] steps. // [~It] [~:be] [C.intro]! // "[A>C]Please, [^you:do/s] [you] know the way [Q.to]?" [A.n]
  [A:ask]. // "[C>A][I] [I:know/s] every way," [^C:answer] [C.n].
= way
- "[C>A]Go over the {bridge|hill|stream}, turn [#direction] at the {old oak|white stone|broken gate}, and [you]
  [you:see/will] the lights [Q.in]," [C.n] [C:say].
- "[C>A]Follow [I.o]," [C.n] [C:say]. // So [AC] [AC:walk] side by side, over {roots|stones|puddles} and under
  {branches|bridges|the stars}.
- "[C>A]When [you] [you:be/s] lost, follow the water," [^C:explain] [C.n]. // "[C>A][~Water] always [~:go/s] [Q.to]."
= arrive
- ¶After {an hour|a long walk|many steps}, [A.n] [A:see] lights. // [~It] [~:be] [Q.n]!
- ¶[#at_last], [A.n] [A:be] [Q.in], and from there [A.he] [A:know] every stone.
= thanks
- [A] [A:turn] around to thank [C.n], but [C.n] [C:be] already gone.
- "[A>C]How [^I:can] [I] thank [you.o]?" [A.n] [A:ask]. // "[C>A]Help the next traveler on the road," [^C:say] [C.n].
= after
- ¶At home, [~nobody] [~:believe] [A.n]. // "[A>][~It] [~:be] really [C.a] who [C:show] [I.o] the way," [A.he]
  [A:say].
- ¶Since then, [A.n] [A:put/has] a {bowl|plate|cup} of {milk|berries|bread|nuts} outside every evening. // [~It]
  [~:be/s] for [C.n].
- [C.n] [C:be/s] the [C.g] who [C:know] the way, and [A.n] [A:be/s] the [A.g] who [A:lose] it.

plot map
roles A:hero B:friend T:treasure C:container P:outdoor Q:indoor
animals
= @open
= found
- One [#weather] day, [A.n] [A:go] with [B.of] to an old house, and there, [Q.in], [AB] [AB:find] a map.
- In an old book, [A.n] [A:find] a map. // [A] [A:show] [map.it] to [B.of]. // "[B>A][map.it] [~:be/s] a treasure
  map!" [B.n] [B:whisper].
= read
- There [^~:be] [~a red cross] on [map.it]. // "[A>B][~The cross] [~:be/s] [P.in]," [A.n] [A:say]. // "[A>B]Let us
  go!"
- On the map [^~:be] [~a line]: go [#number] steps [#direction] and dig [P.in].
= go
- ¶[AB] [AB:take] a shovel, a rope, {some apples|two pears|a bottle of water|some bread} and a lantern and [AB:%move]
  [P.to].
- ¶The next morning, [AB] [AB:be] already [P.in]. // "[B>A]One, two, three, four," [^B:count] [B.n].
= obstacle
- But [~a {wide stream|high wall|deep ditch|fallen tree}] [~:be] in the way. // [B.n] [B:climb] first, and [A.n]
  [A:throw] the bags after [B.o].
- [~The rain] [~:begin], and [~the map] [~:get] wet. // "[B>A][^we:must] [we] go back?" [B.n] [B:ask]. // "[A>B]No,
  not yet," [^A:say] [A.n].
- [A.n] [A:dig] and [A:dig], but there [^~:be] [~nothing]. // "[B>A]Maybe [we] [we:count] wrong," [B.n] [B:say].
= dig
- [#at_last], [~the shovel] [~:hit] something hard. // [~It] [~:be] [C.a]!
- [B.n] [B:dig] a little more to the [#direction], and there [^C:be] [C.a] in the ground!
= open
- In [C.n] [^T:be] [T.a].
- [A.n] [A:open] [C.n] [#softly]. // "[A>B]Look! [T.a]!" [A.n] [A:%cry_out].
- [C.n] [C:be] not empty: [T.a] [T:lie] inside.
= end
- [A.n] [A:keep] the map, and [B.n] [B:keep] [C.n]. // [T.n] [T:go] to the museum, where [~everyone] [~:could] see
  [T.o].
- "[A>B]What [^we:should] [we] do with [T.n]?" [A.n] [A:ask]. // "[B>A]Let us hide [T.o] again and draw a new map,"
  [B.n] [B:say]. // And [AB] [AB:do].
- [AB] [AB:take] [T.n] to the mayor. // "[A>][B.n] [B:be/s] the [B.g] who [B:find] [T.n]," [A.n] [A:say]. // "[B>]And
  [A.n] [A:be/s] the [A.g] who [A:read] the map," [B.n] [B:say].
= @end_two?

plot race
roles A:hero B:friend C:friend P:outdoor D:elder
animals
= @open
= news
- Every [#season], there [^~:be] [~a big race] [P.in]. // This time, [A.n] [A:want] to win [race.it], and so [^B:do]
  [B.of] and [C.of].
- "[D>]Tomorrow [^~:be/s] [~the race]!" [^D:call] [D.n]. // [A.n] [A:want] to win, and so [^B:do] [B.of] and [C.of].
= boast
- "[B>A][I] [I:be/s] the fastest," [B.n] [B:say]. // "[A>B][we] [we:see/will]," [^A:say] [A.n].
- "[B>A][~Nobody] [~:be/s] faster than [I.o]," [^B:say] [B.n]. // [A.n] [A:-answer] and only [A:smile].
= start
- ¶"[D>]One, two, three, go!" [^D:shout] [D.n]. // [B.n] [B:be] first, [C.n] [C:be] second, and [A.n] [A:be] last.
- ¶[~The race] [~:begin] [#clock]. // [B.n] [B:run] ahead, [C.n] [C:run] behind [B.o], and [A.n] [A:run] behind [C.n].
= middle
- Halfway, [B.n] [B:%trick] and [B:fall]. // [C.n] [C:-stop]. // But [A.n] [A:stop]. // "[A>B][^you:be/s] [you] all
  right?" [A.he] [A:ask].
- Then [B.n] [B:begin] to limp. // "[B>]Oh, [I.p] [~foot] [~:hurt/s]!" [B.he] [B:%cry_out]. // [C.n] [C:run] on, but
  [A.n] [A:come] back.
= help
- "[B>A]Run! [you] [you:can] still win," [B.n] [B:say]. // "[A>B]Not without [you.o]," [^A:answer] [A.n].
- [A.n] [A:help] [B.n] to stand up, and [AB] [AB:walk] to the end together.
= result
- ¶[C.n] [C:win] the race. // But when [AB] [AB:come] in hand in hand, [~everyone] [~:stand] up and [~:clap].
- ¶So [C.n] [C:be/s] the [C.g] who [C:win] the race, and [A.n] [A:be/s] the [A.g] who [A:win] a friend.
= prize
- [C.n] [C:get] the gold cup, and [A.n] [A:get] {a big hug|a medal made of paper|three cheers|a cake}.
- "[D>][C.n] [C:be] the fastest," [D.n] [D:say]. // "[D>]But [A.n] [A:be/s] the [A.g] who [A:have/s] the biggest
  heart."
= @happy?

plot letter
roles A:hero B:friend C:postman D:elder T:gift
= @open
= write
- [A.n] [A:miss] [D.n], who [D:live] far away. // So [A] [A:take] a pencil and [A:write] a letter.
- One [#weather] day, [A.n] [A:write] a letter to [D.n].
= text
- "[A>D]Dear [D.b], how [^you:be/s] [you]? [I] [I:be/s] well. Yesterday [I] [I:%deed]. When [^you:will] [you] come?"
  [A] [A:write].
- "[A>D]Dear [D.b], [I] [I:miss/s] [you.o]. Here [~it] [~:be/s] [#weather]. [^you:be/s] [you] coming for my birthday?"
  [A] [A:write].
= send
- ¶[A] [A:put] the letter into an envelope and [A:carry] [letter.it] to the post office. // Every day [A.n] [A:wait]
  for an answer.
- ¶On the way to the post office, [~the wind] [~:take] the letter out of [A.his] hand! // [B.of] [B:run] after
  [letter.it] and [B:catch] [letter.it]. // "[B>A][~This] [~:be/s] yours," [B.n] [B:say].
= wait
- Monday, Tuesday, Wednesday: [~no letter] [~:come].
- [~A week] [~:go] by. // "[A>]Why [^D:do/s] [D.n] not write?" [A.n] [A:ask].
- "[A>C][^~:be/s] there [~anything] for [I.o]?" [A.n] [A:ask] [C.n] every morning. // "[C>A]Not today," [^C:answer]
  [C.n].
= come
- ¶Then, one [#daypart], there [^~:be] [~a knock] at the door. // There [^D:stand] [D.n] with [T.a]!
- ¶On [#weekday], [~a parcel] [~:come]. // In [parcel.it] [^T:be] [T.a] and a card. // "[D>A][~This] [~:be/s] for
  [you.o]. [I] [I:come/will] soon," [D.n] [D:write/had].
= glad
- [A.n] [A:%rejoice]. // [T] [T:be] very beautiful, but [~the best thing] [~:be] the news.
- "[A>D]Thank [you.o] for [T.n]!" [A.n] [A:say]. // "[D>A]And thank [you.o] for [you.p] letter," [D.n] [D:say].
= end
- [D.n] [D:stay] for [#number] days, and [~it] [~:be] the best week of the year.
- Since then, [AD] [AD:write] to each other every month.

plot wish
roles A:hero C:beast P:outdoor T:treasure U:snack
animals
= @open
= meet
- ¶One [#weather] [#daypart], [A.n] [A:meet] [C.intro] [P.in]. // [C] [C:be] caught in {a bush|an old net|some rope}.
- ¶[P.in], [A.n] [A:see] [C.intro]. // "[C>A]Please, [I] [I:be/s] so hungry," [C.n] [C:say].
= help
- [A.n] [A:be] kind and [A:help] [C.n] at once. // [A] even [A:give] [C.n] [U.a].
- [A.n] [A:have] only [U.a], but [A.he] [A:share] [U.o] with [C.n].
= offer
- "[C>A][you] [you:help] [I.o], so [you] [you:have/s] one wish," [C.n] [C:say]. // "[A>C]A wish? [^you:be/s] [you]
  magic?" [A.n] [A:ask]. // "[C>A]A little," [^C:say] [C.n].
- "[C>A][I] [I:be/s] no ordinary [C.b]," [C.n] [C:say]. // "[C>A]Tell [I.o] what [you] [you:want/s] most."
= think
- [A.n] [A:think] of [T.a]. // [A] [A:think] of {a palace|a ship|a mountain of chocolate|a new house}. // Then [A]
  [A:think] of [A.his] family.
- What [^A:do] [A] want? // Gold? A crown? // [A.n] [A:-know].
= choose
- "[A>C][I] [I:wish/s] for rain for the dry fields," [A.n] [A:say] [#softly]. // And [~it] [~:rain] for [#number]
  days.
- "[A>C][I] [I:want/s] to see [I.p] family well and [#happy]," [A.n] [A:say].
- "[A>C][I] [I:want/s] [T.a]!" [A.n] [A:say]. // And there [T.he] [T:be]. // But soon [A.n] [A:find] that [~it] [~:be]
  lonely to have [T.a] and no friend. // "[A>C][^you:can] [you] take [T.n] back and be [I.p] friend?" [A] [A:ask].
= grant
- [C.n] [C:laugh]. // "[C>A][~That] [~:be/s] a good wish," [C.he] [C:say].
- [C.n] [C:close] both eyes and [C:say] {three|seven} strange words.
= end
- When [A.n] [A:come] home, [~everything] [~:be] as [~it] [~:should] be.
- [A.n] never [A:see] [C.n] again, but [A.he] [A:-forget] [C.him].
- And [C.n] [C:come] to tea every [#weekday].
- [~Nobody] [~:know] it, but [A.n] [A:be/s] the [A.g] who [A:help] [C.n].
"""
