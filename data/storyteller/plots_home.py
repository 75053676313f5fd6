"""Plots at home and in the neighbourhood: food, presents, gardens, building, learning."""

from __future__ import annotations

PLOTS = """
plot sandwich
roles A:hero B:friend C:friend T:snack P:outdoor
animals
= @open
= make
- One day, [A.n] [A:make] [T.a] for lunch. // [A] [A:put] [T.o] on {a plate|the table|a blue dish} and [A:go] to wash
  [A.his] hands.
- At lunchtime, [A.n] [A:take] [T.a] [P.to]. // [A] [A:put] [T.o] on a bench and [A:close] [A.his] eyes for a minute.
- [A.n] [A:buy] [T.a] with [A.his] own money. // [A] [A:want] to eat [T.o] later, at home.
= gone
- But {soon|a moment later|a little later}, [T.n] [T:be] gone! // There [^~:be] only [~an empty plate].
- When [A.he] [A:look] again, [T.n] [T:-be] there any more. // [~Someone] [~:eat/had] [T.o]!
- A little later, [A.n] [A:be] hungry, but where [^T:be] [T.n]? // [~Nobody] [~:know].
= ask
- "[A>][~Who] [~:eat] [T.n]?" [A.n] [A:ask]. // [~Nobody] [~:say] a word.
- [A] [A:be] [#angry]. // "[A>][~Someone] [~:eat/has] [T.n]! Who [^~:be] [~it]?" [A] [A:%cry_out].
= first
- [A.n] [A:go] to [B.of]. // "[A>B][^you:do] [you] eat [T.n]?" [A.n] [A:ask]. // "[B>A]No, [I] [I:do] not. [I]
  [I:%deed], but [I] [I:-eat] [T.n]," [B.n] [B:answer].
- First, [A.n] [A:ask] [B.of]. // "[B>A]Not [I.o]! [I] [I:-like/s] [T.s]," [B.n] [B:say].
= second
- Then [A.n] [A:ask] [C.of]. // [C.n] [C:look] down at [C.his] feet. // "[C>A][I] [I:be] so hungry," [C.n] [C:say]. //
  "[C>A][I] [I:eat] [T.n]. [I] [I:be/s] sorry."
- Just then, [C.of] [C:come] in with crumbs on [C.his] face. // "[C>A][T.he] [T:be] very good," [C.n]
  [C:say]. // "[A>C]So [you] [you:be/s] [~the one] who [~:eat] [T.n]!" [^A:cry] [A.n].
- [C.of] [C:begin] to {laugh|blush|cough}. // "[A>C][^you:do] [you] eat [T.n], [C.b]?" [A.n] [A:ask]. // "[C>A]Yes,
  [I] [I:do]," [C.n] [C:whisper].
= known
- So [C.n] [C:be] the [C.g] who [C:eat] [T.n].
- [C.n] [C:be/s] the [C.g] who [C:eat] [T.n], and [B.n] [B:be/s] the [B.g] who [B:%deed].
- [~Who] [~:eat] [T.n]? // [C.n] [C:do]. // [B.n] [B:-eat] [T.o].
= amends
- ¶The next day, [C.n] [C:bring] [A.n] [#number] {cookies|plums|pancakes|buns}. // "[C>A][~~These] [~:be/s] for
  [you.o]," [C.n] [C:say].
- "[C>A][I] [I:make/will] [you.o] a new lunch," [C.n] [C:say]. // And [C.n] [C:do]: bread, {cheese|eggs|honey|butter},
  {apples|grapes|carrots|tomatoes} and a cup of {tea|milk|cocoa|juice}.
- [A.n] [A:-be] angry for long. // "[A>C]Next time, just ask. [I] [I:share/will] with [you.o]," [A.n] [A:say].
= end
- And then [ABC] [ABC:eat] together.
- [~Everyone] [~:laugh], and [ABC] [ABC:be] friends again.
- [C.n] never [C:take] food without asking again.

plot gift
roles A:hero B:friend D:crafter T:gift
animals
= @open
= birthday
- [~It] [~:be] almost the birthday of [B.of], and [A.n] [A:want] to give [B.n] something special.
- [~The birthday] of [B.of] [~:be] on [#weekday]. // "[A>A]What [^I:can] [I] give [B.o]?" [A.n] [A:think].
= money
- But [A.n] [A:-have] any money. // In [A.his] pocket there [^~:be] only [~a button].
- [A.n] [A:have] only [#number] coins, and [~~presents] [~:cost/s] more than that.
= idea
- [A] [A:think] and [A:think]. // "[A>A][I] [I:make/will] [T.a]!" [A.n] [A:say].
- Then [A] [A:see] [T.a] in a shop window. // "[A>A][I] [I:can] make [T.a] too," [A.n] [A:say].
= helper
- ¶[A.n] [A:visit] [D.intro]. // "[A>D][^you:can] [you] show [I.o] how to make [T.a]?" [A.n] [A:ask]. //
  "[D>A][#sure]," [^D:say] [D.n]. // "[D>A]But [~it] [~:take/s] time."
- ¶[~Nobody] [~:know] more about such things than [D.intro]. // "[D>A]Come every day after {lunch|school|work}, and
  [I] [I:teach/will] [you.o]," [D.n] [D:say].
= work
- Every [#daypart], [A.n] [A:work] [#hard] on [T.n].
- [A.n] [A:cut] and [A:glue] and [A:paint] for [#number] days. // One time [A] [A:make] a mistake and [A:begin] again.
- First [A.n] [A:need] [#material], then [#colour] paint, and [#at_last] a lot of patience.
= worry?
- The night before the birthday, [A.n] [A:-sleep] well. // "[A>A]Maybe [B.n] [B:-like/will] [T.o]," [A.n] [A:think].
= give
- ¶On the birthday, [B.n] [B:open] {a small box|a paper bag|a round parcel} with a [#colour] ribbon. // "[B>A]Oh!
  [T.a]!" [B.n] [B:%cry_out].
- ¶[#at_last], [~the day] [~:come]. // "[A>B]Happy birthday! [~This] [~:be/s] for [you.o]," [^A:say] [A.n]. // [B.n]
  [B:look] inside and [B:find] [T.n].
= thanks
- "[B>A]Where [^you:do] [you] buy [T.o]?" [B.n] [B:ask]. // "[A>B][I] [I:-buy] [T.o]. [I] [I:make] [T.o]," [A.n]
  [A:say].
- [B.n] [B:be] so [#happy] that [B.he] [B:%rejoice]. // "[B>A][~This] [~:be/s] the best present of all," [B.n]
  [B:say].
= who
- [B.n] always [B:keep] [T.n] near the bed. // "[B>][A.n] [A:be/s] the [A.g] who [A:make] [T.n] for [I.o]," [B.n]
  [B:say] to everyone.
- [D.n] [D:be/s] the [D.k] who [D:teach] [A.n], and [A.n] [A:be/s] the [A.g] who [A:make] [T.n].
- [~Who] [~:make] [T.n]? // [A.n] [A:do], and [D.n] [D:help].
= @both_happy?
= @end_two

plot garden
roles A:hero B:friend T:seed D:elder P:outdoor
= @open
= seeds
- One day in spring, [D.n] [D:give] [A.n] a small paper bag. // In [bag.it] there [^~:be] only [~one seed].
- [A.n] [A:find] a seed in an old pocket. // "[A>D]What [^~:be/s] [~this]?" [A] [A:ask]. // "[D>A]Put [seed.it] in the
  ground and wait," [^D:say] [D.n].
- At the market, [D.n] [D:buy] one seed for [A.n]. // "[A>D]Only one?" [A.n] [A:ask].
= what
- "[D>A]With water and sun, [seed.it] [~:grow/will] into [T.a]," [D.n] [D:say].
- "[D>A][~This seed] [~:want/s] to be [T.a]," [D.n] [D:explain].
= plant
- [A.n] [A:dig] a little hole behind the house, [A:put] the seed in and [A:cover] [hole.it] with soil.
- [A.n] [A:fill] a pot with soil and [A:push] the seed into the middle.
= wait
- The first day, [~nothing] [~:happen]. // The second day, [~nothing] [~:happen] either. // "[A>D]Why [^~:be/s] [~it]
  so slow?" [A.n] [A:ask].
- Every morning, [A.n] [A:bring] water in a {can|cup|bucket}. // [~A week] [~:pass], and [~the soil] [~:be] still
  bare.
- [A.n] [A:wait] one week, two weeks, three weeks. // [~~Birds] [~:come], [~~clouds] [~:come], but [~no leaf]
  [~:come].
= doubt
- [B.of] [B:come] to look. // "[B>A][~It] [~:will] never grow," [B.n] [B:say]. // "[A>B][~It] [~:grow/will]," [^A:say]
  [A.n].
- [B.of] [B:laugh]. // "[B>A][you] [you:water/sing] mud," [B.n] [B:say]. // [A.n] [A:-listen] and [A:go] on.
= sprout
- ¶Then, one [#weather] morning, there [^~:be] [~something* green]. // [~It] [~:be] a tiny leaf!
- ¶After {the rain|a warm night|a storm}, [A.n] [A:see] a thin green line in the soil. // "[A>D][~It] [~:live/s]!" [A]
  [A:%cry_out].
= grow
- Week after week, [~the sprout] [~:grow] taller. // By {June|July|August}, [A.n] [A:have] the finest [T.b] in the
  whole street.
- [~The leaf] [~:become] two leaves, then four, then ten. // [#at_last], there [^T:be] [T.a], and [~~all the
  neighbors] [~:come] to look.
= share
- "[B>A][I] [I:be] wrong," [B.n] [B:say]. // "[A>B]Do not worry. Here [^~:be/s] [~a seed] for [you.o]," [^A:say]
  [A.n].
- [D.n] [D:smile]. // "[D>A][~~Good things] [~:need/s] time," [D.n] [D:say].
- [A.n] [A:keep] [#number] new seeds and [A:give] one to [B.n].
= lesson?
- [A.n] [A:learn/had] that [~patience] [~:bring/s] good things.
- "[D>]{[~Patience] [~:be/s] the best tool in any garden|[~~Big things] [~:begin/s] small}," [D.n] [D:say].
= who
- [A.n] [A:be/s] the [A.g] who [A:wait], and [B.n] [B:be/s] the [B.g] who [B:laugh] too early.
- Now [D.n] [D:tell/s] everyone, "[D>][A.n] [A:be/s] the [A.g] who [A:grow] [T.a] from one small seed."

plot skill
roles A:hero B:friend D:elder
animals
= @open
= cannot
- There [^~:be] only [~one thing] that [A.n] [A:could] not do: [A.he] [A:could] not [%skill*].
- [A.n] [A:want] to [%skill*] more than anything, but [A.he] [A:-know] how.
- [B.of] [B:could] [%skill*], but [A.n] [A:could] not.
= try
- ¶One [#daypart], [A.n] [A:try] to [%skill*]. // [~It] [~:go] {badly|all wrong|very badly}, and [~~some children]
  [~:laugh].
- ¶[A.n] [A:try] and [A:try]. // {[~Nothing] [~:work].|[A] only [A:get] tired.|Every time, [~something] [~:go] wrong.}
= feel
- "[A>][I] [I:can/s] never [%skill*]," [A] [A:say] and [A:%grieve].
- [A] [A:go] home and [A:be] [#sad]. // "[A>D][I] [I:-try/will] again," [A.n] [A:say].
- [A] [A:be] [#afraid] to try again.
= advice
- [D.n] [D:sit] down beside [A.n]. // "[D>A]When [I] [I:be] young, [I] [I:could] not [%skill*] either," [D.n] [D:say].
  // "[D>A][I] [I:practice] every day."
- "[D>A][~Nobody] [~:learn/s] that in one day," [^D:say] [D.n]. // "[D>A]Try a little every morning."
- [D.n] [D:laugh] softly. // "[D>A][you] [you:-can] [%skill*] yet," [D.n] [D:say].
= practise
- So [A.n] [A:practice] [#hard]. // On Monday [~it] [~:be] hard. // On Wednesday [~it] [~:be] a little easier.
- Every [#daypart], [B.n] [B:come] and [B:help]. // "[B>A]Again!" [B.n] [B:say]. // "[B>A]Slowly. Look, like this."
- [A.n] [A:practice] {before breakfast|after lunch|in the rain|in the evening}. // [A] [A:make] [#number] mistakes,
  then [#number], then only one.
= can
- ¶And one day, [A] [A:do] it. // [A.n] [A:could] [%skill*]!
- ¶[#at_last], [~the big day] [~:come]. // [~Everyone] [~:watch]. // [A.n] [A:take] a deep breath and [A:-make] a
  single mistake.
- ¶Then, on a [#weather] [#daypart], [~it] suddenly [~:work]. // "[A>D]Look! [I] [I:can] [%skill*]!" [^A:shout] [A.n].
= proud
- [D.n] [D:be] very proud.
- [B.n] [B:clap], and [D.n] [D:%rejoice].
- "[D>A][I] [I:know] it," [^D:say] [D.n].
= teach
- Now [A.n] [A:teach/s] the little ones to [%skill*]. // "[A>][~Nobody] [~:learn/s] it in one day," [A] [A:say/s].
- And who [^~:be/s] [~the one] who still [~:like/s] to [%skill*] every [#weekday]? // [A.n] [A:be/s]!
- [D.n] [D:be/s] the [D.g] who [D:-laugh], and [A.n] [A:be/s] the [A.g] who [A:-stop].
"""
