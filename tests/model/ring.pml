/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ring's protocol, as module/uapi/faultline.h tells it, between the writer and a reader.
 * tests/host/ring_model.sh has spin look at every way in which the two can meet.
 *
 * The writer is faultline_ring_publish() and the end of a run, the reader follow() with
 * ring_reader_next() and chardev_read().
 *
 * A store is on its way until memory has it, and others may overtake it, but for those to
 * the same place: that is less order than any CPU keeps.  A store-release arrives after all
 * that were made before it; a write barrier waits until nothing is on its way.  Loads
 * are made in their order, or in any where neither a load-acquire nor a barrier keeps them.
 *
 * What a barrier is good for shows without it: WITHOUT_<it>.  B and C can stand in for each
 * other, as long as a reader goes by head.
 */

#define CAPACITY	2
#define RECORDS		5	/* twice around, and one more */
#define ON_THEIR_WAY	6	/* a record's stores, and one of the next */

/* Places in memory; a record has two fields, which must not be of two records. */
#define SEQ(n)		((n - 1) % CAPACITY)
#define FIRST(n)	(CAPACITY + (n - 1) % CAPACITY)
#define SECOND(n)	(2 * CAPACITY + (n - 1) % CAPACITY)
#define HEAD		(3 * CAPACITY)
#define REGISTERED	(3 * CAPACITY + 1)
#define NEWS		(3 * CAPACITY + 2)
#define PLACES		(3 * CAPACITY + 3)

typedef a_store {
	byte place;
	byte value;
	bool release
};

byte memory[PLACES];
a_store stores[ON_THEIR_WAY];	/* on their way, in the order in which they were made */
byte on_their_way;
byte begun;			/* newest record that the writer has come to */
byte next = 1, lost, whole;	/* the reader's: where it is, what it missed, what it took */

inline make_store(where, what, is_release)
{
	d_step {
		on_their_way < ON_THEIR_WAY;
		stores[on_their_way].place = where;
		stores[on_their_way].value = what;
		stores[on_their_way].release = is_release;
		on_their_way++
	}
}

inline store(where, what)
{
	make_store(where, what, false)
}

inline store_release(where, what)
{
	make_store(where, what, true)
}

inline write_barrier()
{
	on_their_way == 0
}

/* May the store at @i arrive now? */
inline judge(i, may)
{
	may = !stores[i].release || i == 0;
	other = 0;
	do
	:: other < i && stores[other].place == stores[i].place -> may = false; break
	:: other < i && stores[other].place != stores[i].place -> other++
	:: other >= i -> break
	od
}

inline arrive(i)
{
	memory[stores[i].place] = stores[i].value;
	on_their_way--;
	do
	:: i < on_their_way ->
		stores[i].place = stores[i + 1].place;
		stores[i].value = stores[i + 1].value;
		stores[i].release = stores[i + 1].release;
		i++
	:: else -> break
	od;
	/* What is not in use must not tell states apart. */
	stores[on_their_way].place = 0;
	stores[on_their_way].value = 0;
	stores[on_their_way].release = false
}

/* Which store is next is anybody's guess. */
proctype memory_bus()
{
	byte i, other;
	bool may;

end:	do
	:: atomic {
		on_their_way > 0;
		i = 0;
		do
		:: i < on_their_way - 1 -> i++
		:: break
		od;
		d_step {
			judge(i, may);
			if
			:: may -> arrive(i)
			:: else
			fi;
			i = 0;
			other = 0;
			may = false
		}
	   }
	od
}

proctype writer()
{
	byte n;

	for (n : 1 .. RECORDS) {
		begun = n;
		store(SEQ(n), 0);
#ifndef WITHOUT_WRITER_A
		write_barrier();
#endif
		store(FIRST(n), n);
		store(SECOND(n), n);
#ifdef WITHOUT_WRITER_B_AND_C
		store(SEQ(n), n);
		store(HEAD, n);
#else
		store_release(SEQ(n), n);
		store_release(HEAD, n);
#endif
		store_release(NEWS, n)
	}
#ifdef WITHOUT_RELEASE_OF_REGISTERED
	store(REGISTERED, 0);
#else
	store_release(REGISTERED, 0);
#endif
#ifndef WITHOUT_NEWS_OF_THE_END
	store_release(NEWS, RECORDS + 1)
#endif
}

#define load(into, place)	into = memory[place]

proctype reader()
{
	byte head, seq, first, second, oldest, seen;
	bool over;

again:
#ifdef WITHOUT_ACQUIRE_OF_REGISTERED
	if
	:: load(head, HEAD); over = !memory[REGISTERED]; goto with_head
	:: over = !memory[REGISTERED]
	fi;
#else
	over = !memory[REGISTERED];
#endif

drain:
#ifdef WITHOUT_READER_B_AND_C
	/* The fields may be loaded before what says whose they are. */
	if
	:: load(first, FIRST(next)); load(second, SECOND(next)); load(seq, SEQ(next));
	   load(head, HEAD); goto with_fields
	:: load(head, HEAD)
	fi;
#else
	load(head, HEAD);
#endif
with_head:
	if
	:: next > head -> goto drained
	:: else
	fi;
	load(seq, SEQ(next));
	if
	:: seq != next -> goto lapped
	:: else
	fi;
	if
	:: load(first, FIRST(next)); load(second, SECOND(next))
	:: load(second, SECOND(next)); load(first, FIRST(next))
	fi;
with_fields:
	if
	:: next > head -> goto drained
	:: next <= head && seq != next -> goto lapped
	:: else
	fi;
#ifdef WITHOUT_READER_A
	/* A field may be loaded after the second look at the number. */
	if
	:: load(seq, SEQ(next)); load(first, FIRST(next))
	:: load(seq, SEQ(next))
	fi;
#else
	load(seq, SEQ(next));
#endif
	if
	:: seq != next -> goto lapped
	:: else
	fi;
	assert(first == next && second == next);	/* what is taken is whole */
	atomic { whole++; next++ };
	goto drain;

lapped:
	oldest = (head < CAPACITY -> 1 : head - CAPACITY + 2);
	if
	:: next >= oldest -> goto drain		/* head does not tell yet what the slot does */
	:: else
	fi;
	/* Nothing is given up before the writer has come to the record before its follower. */
	assert(oldest + CAPACITY <= begun + 2);
	atomic { lost = lost + oldest - next; next = oldest };
	goto drain;

drained:
	if
	:: over -> goto done
	:: else
	fi;
	/* poll(2) and read(2): sleep until there is news, and acknowledge it. */
	memory[NEWS] != seen;
	seen = memory[NEWS];
	goto again;

done:
	assert(whole + lost == RECORDS)		/* each was taken once, or counted as lost */
}

init
{
	atomic {
		memory[REGISTERED] = 1;
		run memory_bus();
		run writer();
		run reader()
	}
}
