// SPDX-License-Identifier: GPL-2.0
/*
 * Whoever is registered with its children is followed through every fork: each child is
 * registered from before its first instruction to its end, however short its life, and
 * knows the registration that it came from.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "memory.h"
#include "module.h"
#include "tap.h"

enum {
	PAGES		= 333,
	DEPTH		= 5,
	THREADS		= 3,
	FORKS		= 500,
	IDS		= 4096,	/* more than are ever registered here */
};

#define OTHER_NAME	"other-program"

static const struct faultline_header *ring;
/* Shared with children until they write to it. */
static volatile char *memory;

/* What processes tell each other, in memory that all share. */
static struct {
	volatile pid_t pids[FORKS];
	uint64_t before_ns[FORKS], after_ns[FORKS];
	long minor[FORKS];
	volatile int stage;
} *told;

/* Waits for another process to say that it has come so far. */
static void wait_for_stage(int stage)
{
	while (told->stage < stage)
		sleep_ms(1);
}

/* fork(2), with flags of clone(2) besides. */
static pid_t fork_with(unsigned long flags)
{
	pid_t pid = (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid < 0)
		bail("clone");
	return pid;
}

static uint64_t register_with_children(pid_t pid)
{
	struct counters counters;

	errno = status_register_children(pid);
	if (errno || !status_read(pid, &counters))
		bail("R %d children", (int)pid);
	return (uint64_t)counters.id;
}

/* A process that does @body while its children are followed, to the end of them all. */
static uint64_t follow(int (*body)(void *unused))
{
	pid_t pid;
	uint64_t id;

	memset((void *)told, 0, sizeof(*told));
	pid = child_start_stopped(body, NULL);
	id = register_with_children(pid);
	child_resume(pid);
	if (child_wait(pid))
		bail("a followed process failed");
	if (!ring_wait_idle(ring))
		bail("somebody stays registered");
	return id;
}

/* The first record of the child that came after @before others, or NULL. */
static const struct faultline_record *first_of_child(uint64_t parent_id, unsigned int before)
{
	const struct faultline_record *record;

	for (uint64_t seq = 1; seq <= ring->head; seq++) {
		record = ring_record(ring, seq);
		if (record->parent_id == parent_id && record->flags & FAULTLINE_FIRST && !before--)
			return record;
	}
	return NULL;
}

/* The last record of that child, which must be there. */
static const struct faultline_record *last_of_child(uint64_t parent_id, unsigned int before)
{
	const struct faultline_record *first = first_of_child(parent_id, before), *last;

	if (!first)
		bail("registration %llu has no child number %u", (unsigned long long)parent_id,
		     before + 1);
	last = ring_newest(ring, first->id);
	if (!(last->flags & FAULTLINE_EXITED))
		bail("process %d has no last record", (int)first->pid);
	return last;
}

static unsigned int children_of(uint64_t parent_id)
{
	unsigned int children = 0;

	while (first_of_child(parent_id, children))
		children++;
	return children;
}

/*
 * Children that copy nothing of ours, twice, and one that copies PAGES.  The parent
 * sleeps meanwhile: what it wrote to, a child would not have to copy any more.
 */
static int fork_copiers(void *unused)
{
	static const size_t pages[] = { 0, 0, PAGES };
	struct rusage usage;
	pid_t pid;

	(void)unused;
	for (int i = 0; i < 3; i++) {
		pid = fork_with(CLONE_VFORK);
		if (pid == 0) {
			memory_write(memory, pages[i]);
			_exit(0);
		}
		told->pids[i] = pid;
		wait4(pid, NULL, 0, &usage);
		told->minor[i] = usage.ru_minflt;
	}
	return 0;
}

static void counts_from_birth(void)
{
	uint64_t id = follow(fork_copiers);
	const struct faultline_record *control = last_of_child(id, 1), *last = last_of_child(id, 2);

	ok(children_of(id) == 3, "each of 3 children has a registration: %u", children_of(id));
	ok(last->cow_faults - control->cow_faults == PAGES &&
	   last->cow_kinds[FAULTLINE_ANON] - control->cow_kinds[FAULTLINE_ANON] == PAGES,
	   "a child that writes %d pages and exits has copied them: %llu, one that does not: %llu",
	   PAGES, last->cow_faults, control->cow_faults);
	ok(control->cow_faults > 0, "and even that has copied something: its stack");
	ok((long)last->minor_faults == told->minor[2] &&
	   (long)control->minor_faults == told->minor[1],
	   "and all minor faults of its life, %ld and %ld: %llu and %llu", told->minor[2],
	   told->minor[1], last->minor_faults, control->minor_faults);
}

static int fork_sleeper(void *unused)
{
	(void)unused;
	told->pids[0] = getpid();
	told->pids[1] = child_start(child_sleep, NULL);
	told->stage = 1;
	return child_sleep(NULL);
}

static void is_in_status(void)
{
	pid_t pid = child_start_stopped(fork_sleeper, NULL);
	uint64_t id = register_with_children(pid);
	struct counters counters;

	told->stage = 0;
	child_resume(pid);
	wait_for_stage(1);
	ok(status_read(told->pids[1], &counters) && counters.parent_id == (long long)id &&
	   counters.ppid == pid && counters.id > (long long)id,
	   "the status file shows a child with its parent's id and its own");
	ok(status_read(pid, &counters) && counters.parent_id == 0,
	   "and 0 where nobody was followed from");
	kill(told->pids[1], SIGKILL);
	child_end(pid);
	if (!ring_wait_idle(ring))
		bail("a child outlives its parent");
}

static int fork_to_depth(void *depth)
{
	size_t left = (size_t)depth;
	pid_t pid;

	told->pids[DEPTH - left] = getpid();
	if (left == 0)
		return 0;
	pid = fork_with(0);
	if (pid == 0)
		_exit(fork_to_depth((void *)(left - 1)));
	return child_wait(pid);
}

static int fork_deep(void *unused)
{
	(void)unused;
	return fork_to_depth((void *)DEPTH);
}

static void follows_grandchildren(void)
{
	uint64_t id = follow(fork_deep), last_id = id;
	const struct faultline_record *first, *last;
	int generations = 0, right = 0;

	while ((first = first_of_child(id, 0))) {
		last = ring_newest(ring, first->id);
		generations++;
		right += first->pid == told->pids[generations] &&
			 first->ppid == told->pids[generations - 1] && last->ppid == first->ppid &&
			 last->parent_id == id && first->id > last_id && children_of(id) == 1;
		last_id = first->id;
		id = first->id;
	}
	ok(generations == DEPTH, "children are followed to %d generations: %d", DEPTH, generations);
	ok(right == DEPTH, "each with pid, parent and parent's id, and ids in order of birth: %d",
	   right);
}

static void *sleep_a_while(void *unused)
{
	sleep_ms(200);
	return unused;
}

static int make_threads(void *unused)
{
	pthread_t thread[THREADS];

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread[i], NULL, sleep_a_while, NULL))
			bail("pthread_create");
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	(void)unused;
	return 0;
}

static void threads_are_no_children(void)
{
	uint64_t id = follow(make_threads);
	unsigned int most = 0;

	for (uint64_t seq = 1; seq <= ring->head; seq++)
		if (ring_record(ring, seq)->id == id && ring_record(ring, seq)->threads > most)
			most = ring_record(ring, seq)->threads;
	ok(children_of(id) == 0 && most == 1 + THREADS,
	   "threads belong to their process: %u children, up to %u threads", children_of(id), most);
}

static void *fork_and_wait(void *unused)
{
	pid_t pid = fork_with(0);

	if (pid == 0)
		_exit(0);
	child_wait(pid);
	return unused;
}

static int fork_from_thread(void *unused)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, fork_and_wait, NULL))
		bail("pthread_create");
	pthread_join(thread, NULL);
	(void)unused;
	return 0;
}

static void follows_from_thread(void)
{
	uint64_t id = follow(fork_from_thread);

	ok(children_of(id) == 1 && last_of_child(id, 0)->parent_id == id,
	   "a child that a thread forks is its process's: %u", children_of(id));
}

/* The program that others turn into forks once itself. */
static int be_other_program(void)
{
	fork_and_wait(NULL);
	return 0;
}

static int fork_and_exec(void *unused)
{
	pid_t pid = fork_with(0);

	(void)unused;
	if (pid == 0) {
		execl("/tmp/" OTHER_NAME, OTHER_NAME, "fork", NULL);
		_exit(1);
	}
	return child_wait(pid);
}

static int vfork_and_exec(void *unused)
{
	pid_t pid = vfork();

	(void)unused;
	if (pid == 0) {
		execl("/tmp/" OTHER_NAME, OTHER_NAME, "fork", NULL);
		_exit(1);
	}
	return child_wait(pid);
}

static void follows_through_exec(const char *how, int (*body)(void *unused))
{
	uint64_t id = follow(body);
	const struct faultline_record *last = last_of_child(id, 0);

	ok(children_of(id) == 1 && strcmp(last->comm, OTHER_NAME) == 0,
	   "%s and exec: one registration, now of %.16s", how, last->comm);
	ok(children_of(last->id) == 1, "whose children are followed, too: %u",
	   children_of(last->id));
}

/* A child whose parent is its grandparent. */
static int fork_sibling(void *unused)
{
	pid_t pid;

	(void)unused;
	told->pids[0] = getpid();
	pid = fork_with(0);
	if (pid == 0) {
		pid = fork_with(CLONE_PARENT);
		if (pid == 0)
			_exit(0);
		told->pids[1] = pid;
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
	return 0;
}

static void follows_sibling(void)
{
	uint64_t id = follow(fork_sibling);
	const struct faultline_record *child = last_of_child(id, 0), *sibling;

	sibling = last_of_child(child->id, 0);
	ok(children_of(id) == 1 && sibling->pid == told->pids[1] && sibling->ppid == told->pids[0],
	   "with CLONE_PARENT, a child has its parent's parent, %d: %d", (int)told->pids[0],
	   sibling->ppid);
	ok(sibling->parent_id == child->id, "and the id of the one that forked it");
}

static int fork_many(void *unused)
{
	pid_t pid;

	(void)unused;
	for (int i = 0; i < FORKS; i++) {
		told->before_ns[i] = monotonic_ns();
		pid = fork_with(0);
		if (pid == 0)
			_exit(0);
		told->pids[i] = pid;
		child_wait(pid);
		told->after_ns[i] = monotonic_ns();
	}
	return 0;
}

static bool is_all_zero(const struct faultline_record *record)
{
	uint64_t sum = record->minor_faults | record->major_faults | record->cow_faults |
		       record->user_ns | record->system_ns | record->copies_timed |
		       record->faults_timed;

	for (int kind = 0; kind < FAULTLINE_KINDS; kind++)
		sum |= record->cow_kinds[kind];
	return sum == 0;
}

/* What the ring holds of one registration. */
struct life {
	unsigned int firsts, lasts, misplaced;
	uint64_t time_ns;
};

static void read_lives(struct life *life, uint64_t first_seq)
{
	const struct faultline_record *record;
	struct life *its;

	if (ring->head - first_seq >= ring->capacity)
		bail("the ring is too small for this test");
	for (uint64_t seq = first_seq; seq <= ring->head; seq++) {
		record = ring_record(ring, seq);
		if (record->id >= IDS)
			bail("too many registrations for this test");
		its = &life[record->id];
		its->misplaced += its->lasts || record->time_ns < its->time_ns ||
				  !its->firsts != !!(record->flags & FAULTLINE_FIRST);
		its->firsts += !!(record->flags & FAULTLINE_FIRST);
		its->lasts += !!(record->flags & FAULTLINE_EXITED);
		its->time_ns = record->time_ns;
	}
}

/* Children that are born, dead and buried between two ticks. */
static void loses_none(void)
{
	static struct life life[IDS];
	unsigned int lives = 0, zero = 0, born = 0, named = 0;
	const struct faultline_record *first, *last;
	uint64_t first_seq = ring->head + 1, id = follow(fork_many);

	read_lives(life, first_seq);
	for (unsigned int i = 0; i < FORKS; i++) {
		first = first_of_child(id, i);
		if (!first)
			break;
		last = ring_newest(ring, first->id);
		lives += life[first->id].firsts == 1 && life[first->id].lasts == 1 &&
			 life[first->id].misplaced == 0;
		zero += is_all_zero(first) && last->minor_faults > 0;
		born += first->time_ns >= told->before_ns[i] && first->time_ns <= told->after_ns[i];
		named += first->pid == told->pids[i] && first->ppid == last->ppid &&
			 first->ppid == ring_newest(ring, id)->pid &&
			 strcmp(first->comm, "children") == 0 &&
			 strcmp(last->comm, "children") == 0;
	}
	ok(lives == FORKS, "each of %d short-lived children begins once and ends once, in order: "
	   "%u", FORKS, lives);
	ok(zero == FORKS, "first without counts, and then with some: %u", zero);
	ok(born == FORKS, "first at its birth: after its parent forks, before that has waited: %u",
	   born);
	ok(named == FORKS, "with its pid, parent and name: %u", named);
	ok(children_of(id) == FORKS, "and there are no others: %u", children_of(id));
}

/* The middle one of three generations dies first. */
static int orphan(void *unused)
{
	pid_t pid = fork_with(0);

	(void)unused;
	if (pid == 0) {
		if (fork_with(0) == 0) {
			told->pids[0] = getpid();
			/* Seen by some ticks before and after its parent dies. */
			sleep_ms(300);
			told->stage = 1;
			sleep_ms(300);
			_exit(0);
		}
		wait_for_stage(1);
		_exit(0);
	}
	return child_wait(pid);
}

static void orphans_keep_parent_id(void)
{
	uint64_t id = follow(orphan);
	const struct faultline_record *parent = last_of_child(id, 0), *last;

	last = last_of_child(parent->id, 0);
	ok(first_of_child(parent->id, 0)->ppid == parent->pid && last->ppid != parent->pid,
	   "an orphan gets another parent: %d", last->ppid);
	ok(last->pid == told->pids[0] && last->parent_id == parent->id,
	   "and keeps the id that it was followed from");
}

static void registers_once(void)
{
	pid_t pid = child_start(child_sleep, NULL);

	ok(status_register(pid) == 0 && status_register_children(pid) == EEXIST,
	   "who is registered already gets EEXIST, with children as without");
	status_unregister(pid);
	ok(status_register_children(pid) == 0 && status_register_children(pid) == EEXIST &&
	   status_register(pid) == EEXIST, "and the other way round");
	status_unregister(pid);
	child_end(pid);
}

/* Forks at once, and when it is told to; the first child forks, too, when that is due. */
static int fork_in_stages(void *unused)
{
	pid_t pid = fork_with(0);

	(void)unused;
	if (pid == 0) {
		wait_for_stage(2);
		told->pids[1] = child_start(child_sleep, NULL);
		told->stage = 3;
		return child_sleep(NULL);
	}
	told->pids[0] = pid;
	told->stage = 1;
	wait_for_stage(3);
	told->pids[2] = child_start(child_sleep, NULL);
	told->stage = 4;
	return child_sleep(NULL);
}

static void unregistered_alone(void)
{
	pid_t pid = child_start_stopped(fork_in_stages, NULL);
	struct counters counters, grandchild;
	uint64_t id = register_with_children(pid);

	told->stage = 0;
	child_resume(pid);
	wait_for_stage(1);
	ok(status_unregister(pid) == 0 && !status_read(pid, &counters) &&
	   status_read(told->pids[0], &counters) && counters.parent_id == (long long)id,
	   "who is unregistered leaves its child registered");
	told->stage = 2;
	wait_for_stage(4);
	ok(status_read(told->pids[1], &grandchild) && grandchild.parent_id == counters.id,
	   "whose children are followed as before");
	ok(!status_read(told->pids[2], &counters), "while its own are not any more");
	kill(told->pids[2], SIGKILL);
	kill(told->pids[1], SIGKILL);
	kill(told->pids[0], SIGKILL);
	child_end(pid);
	if (!ring_wait_idle(ring))
		bail("somebody stays registered");
}

static void not_unless_asked(void)
{
	pid_t pid = child_start_stopped(fork_sleeper, NULL);
	struct counters counters;

	told->stage = 0;
	if (status_register(pid))
		bail("R %d", (int)pid);
	child_resume(pid);
	wait_for_stage(1);
	ok(!status_read(told->pids[1], &counters),
	   "children of who is registered without them are not followed");
	kill(told->pids[1], SIGKILL);
	child_end(pid);
	if (!ring_wait_idle(ring))
		bail("somebody stays registered");
}

/* A write from another CPU may find a page that its first one has not let go of yet. */
static void stay_on_this_cpu(void)
{
	cpu_set_t here;

	CPU_ZERO(&here);
	CPU_SET(sched_getcpu(), &here);
	if (sched_setaffinity(0, sizeof(here), &here))
		bail("sched_setaffinity");
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return be_other_program();
	if (symlink("/proc/self/exe", "/tmp/" OTHER_NAME))
		bail("symlink");
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	stay_on_this_cpu();
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memory = memory_map(PAGES);
	memory_write(memory, PAGES);
	module_load("hz=20");
	ring = ring_map();
	ring_keep_from_children(ring);

	counts_from_birth();
	is_in_status();
	follows_grandchildren();
	threads_are_no_children();
	follows_from_thread();
	follows_through_exec("fork", fork_and_exec);
	follows_through_exec("vfork", vfork_and_exec);
	follows_sibling();
	loses_none();
	orphans_keep_parent_id();
	registers_once();
	unregistered_alone();
	not_unless_asked();
	return finish();
}
