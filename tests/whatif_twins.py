# SPDX-License-Identifier: GPL-2.0
"""The policies of whatif/, once more: slow, obvious, access by access, by lists that are searched.

faults(name, accesses, frames, window) counts; accesses are pairs of a page and whether it writes.
Of each, resident() are the pages in memory, and forget() takes one out that nobody needs any more.
"""


def remove(page, *lists):
    for pages in lists:
        if page in pages:
            pages.remove(page)


class Fifo:
    def __init__(self, frames, window, accesses):
        self.frames, self.window, self.accesses = frames, window, accesses
        self.pages = []
        self.now = -1

    def access(self, page, write):
        self.now += 1
        if page in self.pages:
            self.hit(page)
            return False
        if len(self.pages) == self.frames:
            self.pages.remove(self.victim())
        self.pages.append(page)
        return True

    def hit(self, page):
        pass

    def victim(self):
        return self.pages[0]

    def resident(self):
        return list(self.pages)

    def forget(self, page):
        remove(page, self.pages)


class Lru(Fifo):
    def hit(self, page):
        self.pages.remove(page)
        self.pages.append(page)


class Opt(Fifo):
    def victim(self):
        future = [page for page, _ in self.accesses[self.now + 1:]]
        return max(self.pages, key=lambda page: future.index(page) if page in future else 10**9)


class WorkingSet(Lru):
    past = ()

    def access(self, page, write):
        self.pages = [other for other in self.pages if other in self.past]
        self.past = (*self.past, page)[-self.window:]
        return super().access(page, write)


class Framed:
    """Pages in numbered frames; what else is known of each of these is in PARTS."""

    PARTS = ()

    def __init__(self, frames, window, accesses):
        self.page = [None] * frames
        self.window = window
        self.hand = 0
        self.now = -1

    def access(self, page, write):
        self.now += 1
        self.before()
        fault = page not in self.page
        if fault:
            frame = self.page.index(None) if None in self.page else self.victim()
            self.page[frame] = page
            self.load(frame)
        self.use(self.page.index(page), write)
        return fault

    def before(self):
        pass

    def resident(self):
        return [page for page in self.page if page is not None]

    def forget(self, page):
        """The frames that are left come first, from the hand on."""
        frames = [*range(self.hand, len(self.page)), *range(self.hand)]
        frames.sort(key=lambda frame: self.page[frame] in (None, page))
        for part in ("page", *self.PARTS):
            setattr(self, part, [getattr(self, part)[frame] for frame in frames])
        self.page = [None if other == page else other for other in self.page]
        self.hand = 0


class Clock(Framed):
    PARTS = ("used",)

    def __init__(self, frames, window, accesses):
        super().__init__(frames, window, accesses)
        self.used = [False] * frames

    def load(self, frame):
        pass

    def use(self, frame, write):
        self.used[frame] = True

    def victim(self):
        while True:
            frame = self.hand
            self.hand = (frame + 1) % len(self.page)
            if not self.used[frame]:
                return frame
            self.used[frame] = False


class Aging(Framed):
    PARTS = "bits", "used"

    def __init__(self, frames, window, accesses):
        super().__init__(frames, window, accesses)
        self.bits = [[0] * 8 for _ in self.page]
        self.used = [0] * frames

    def before(self):
        if self.now and self.now % len(self.page) == 0:
            self.bits = [self.ticked(frame) for frame in range(len(self.page))]
            self.used = [0] * len(self.page)

    def ticked(self, frame):
        return [self.used[frame]] + self.bits[frame][:7]

    def load(self, frame):
        self.bits[frame] = [0] * 8

    def use(self, frame, write):
        self.used[frame] = 1

    def victim(self):
        return min(range(len(self.page)), key=self.ticked)


class WsClock(Framed):
    PARTS = "referenced", "dirty", "seen"
    SCAN = 128

    def __init__(self, frames, window, accesses):
        super().__init__(frames, window, accesses)
        self.referenced = [False] * frames
        self.dirty = [False] * frames
        self.seen = [0] * frames

    def load(self, frame):
        self.dirty[frame] = False
        self.seen[frame] = self.now

    def use(self, frame, write):
        self.referenced[frame] = True
        self.dirty[frame] = self.dirty[frame] or write

    def victim(self):
        passed, written = [], []
        for _ in range(min(self.SCAN, len(self.page))):
            frame = self.hand
            self.hand = (frame + 1) % len(self.page)
            passed.append(frame)
            if self.referenced[frame]:
                self.referenced[frame] = False
                self.seen[frame] = self.now
            elif self.now - self.seen[frame] > self.window:
                if not self.dirty[frame]:
                    return frame
                self.dirty[frame] = False
                written.append(frame)
        return written[0] if written else min(passed, key=lambda frame: self.seen[frame])


class TwoQueue:
    def __init__(self, frames, window, accesses):
        self.frames = frames
        self.new, self.gone, self.main = [], [], []

    def access(self, page, write):
        if page in self.main:
            self.main.remove(page)
            self.main.append(page)
            return False
        if page in self.new:
            return False
        if page in self.gone:
            self.gone.remove(page)
            self.make_room()
            self.main.append(page)
        else:
            self.make_room()
            self.new.append(page)
        return True

    def make_room(self):
        if len(self.new) + len(self.main) < self.frames:
            return
        if len(self.new) > max(1, self.frames // 4) or not self.main:
            self.gone.append(self.new.pop(0))
            self.gone = self.gone[-max(1, self.frames // 2):]
        else:
            self.main.pop(0)

    def resident(self):
        return self.new + self.main

    def forget(self, page):
        remove(page, self.new, self.gone, self.main)


class Arc:
    def __init__(self, frames, window, accesses):
        self.c, self.p = frames, 0
        self.t1, self.t2, self.b1, self.b2 = [], [], [], []

    def replace(self, page):
        if len(self.t1) + len(self.t2) < self.c:
            return
        if self.t1 and (len(self.t1) > self.p or (page in self.b2 and len(self.t1) == self.p)):
            self.b1.append(self.t1.pop(0))
        else:
            self.b2.append(self.t2.pop(0))

    def access(self, page, write):
        for hit in self.t1, self.t2:
            if page in hit:
                hit.remove(page)
                self.t2.append(page)
                return False
        if page in self.b1:
            self.p = min(self.c, self.p + max(1, len(self.b2) // len(self.b1)))
            self.replace(page)
            self.b1.remove(page)
            self.t2.append(page)
        elif page in self.b2:
            self.p = max(0, self.p - max(1, len(self.b1) // len(self.b2)))
            self.replace(page)
            self.b2.remove(page)
            self.t2.append(page)
        else:
            if len(self.t1) + len(self.b1) == self.c:
                if len(self.t1) < self.c:
                    self.b1.pop(0)
                    self.replace(page)
                else:
                    self.t1.pop(0)
            else:
                total = len(self.t1) + len(self.t2) + len(self.b1) + len(self.b2)
                if total == 2 * self.c:
                    self.b2.pop(0)
                if total >= self.c:
                    self.replace(page)
            self.t1.append(page)
        return True

    def resident(self):
        return self.t1 + self.t2

    def forget(self, page):
        remove(page, self.t1, self.t2, self.b1, self.b2)


class Lirs:
    """The stack has its top at the end."""

    def __init__(self, frames, window, accesses):
        self.frames = frames
        self.most = frames - max(1, frames // 100)
        self.lir, self.stack, self.queue = set(), [], []

    def prune(self):
        while self.stack and self.stack[0] not in self.lir:
            self.stack.pop(0)

    def become_lir(self, page):
        self.lir.add(page)
        if len(self.lir) > self.most:
            self.lir.remove(self.stack[0])
            self.queue.append(self.stack[0])
        self.prune()

    def access(self, page, write):
        known = page in self.stack
        resident = page in self.lir or page in self.queue
        if not resident and len(self.lir) + len(self.queue) == self.frames:
            self.queue.pop(0)
        if known:
            self.stack.remove(page)
        self.stack.append(page)
        if page in self.lir:
            self.prune()
            return False
        if page in self.queue:
            self.queue.remove(page)
        if known or len(self.lir) < self.most:
            self.become_lir(page)
        else:
            self.queue.append(page)
        return not resident

    def resident(self):
        return [*self.lir, *self.queue]

    def forget(self, page):
        self.lir.discard(page)
        remove(page, self.stack, self.queue)
        self.prune()


class ClockPro:
    """The clock is a list with the hot hand at its start; the oldest of a kind is its first."""

    def __init__(self, frames, window, accesses):
        self.frames, self.cold_most = frames, frames
        self.clock, self.kind, self.used = [], {}, {}
        self.since, self.ticks = {}, 0

    def pages(self, kind):
        return sorted((page for page in self.clock if self.kind[page] == kind),
                      key=lambda page: self.since[page])

    def become(self, page, kind):
        self.ticks += 1
        self.kind[page], self.used[page], self.since[page] = kind, False, self.ticks

    def end_test(self, page):
        self.clock.remove(page)
        self.cold_most = max(1, self.cold_most - 1)

    def limit_hot(self):
        while len(self.pages("hot")) > self.frames - self.cold_most:
            page = self.clock[0]
            if self.kind[page] == "test":
                self.end_test(page)
                continue
            self.clock = self.clock[1:] + [page]
            if self.kind[page] == "hot":
                if not self.used[page]:
                    self.become(page, "cold")
                self.used[page] = False

    def make_room(self):
        while len(self.pages("hot")) + len(self.pages("cold")) == self.frames:
            page = self.pages("cold")[0]
            self.become(page, "hot" if self.used[page] else "test")
            if len(self.pages("test")) > self.frames:
                self.end_test(self.pages("test")[0])
            self.limit_hot()

    def access(self, page, write):
        known = page in self.clock
        if known and self.kind[page] != "test":
            self.used[page] = True
            return False
        if known:
            self.cold_most = min(self.frames, self.cold_most + 1)
            self.clock.remove(page)
        self.make_room()
        self.clock.append(page)
        self.become(page, "hot" if known else "cold")
        self.limit_hot()
        return True

    def resident(self):
        return [page for page in self.clock if self.kind[page] != "test"]

    def forget(self, page):
        remove(page, self.clock)


class S3Fifo:
    def __init__(self, frames, window, accesses):
        self.frames = frames
        self.most_small = max(1, frames // 10)
        self.most_main = frames - self.most_small
        self.small, self.main, self.ghost, self.uses = [], [], [], {}

    def evict_main(self):
        while True:
            page = self.main.pop(0)
            if not self.uses[page]:
                return
            self.uses[page] -= 1
            self.main.append(page)

    def evict_small(self):
        while self.small:
            page = self.small.pop(0)
            if self.uses[page] > 1:
                self.main.append(page)
                if len(self.main) > self.most_main:
                    self.evict_main()
            else:
                self.ghost = (self.ghost + [page])[-self.most_main:] if self.most_main else []
                return

    def access(self, page, write):
        if page in self.small + self.main:
            self.uses[page] = min(3, self.uses[page] + 1)
            return False
        remembered = page in self.ghost
        if remembered:
            self.ghost.remove(page)
        while len(self.small) + len(self.main) >= self.frames:
            if len(self.small) >= self.most_small or not self.main:
                self.evict_small()
            else:
                self.evict_main()
        (self.main if remembered else self.small).append(page)
        self.uses[page] = 0
        return True

    def resident(self):
        return self.small + self.main

    def forget(self, page):
        remove(page, self.small, self.main, self.ghost)


class Mglru:
    """Generations are lists, the oldest first."""

    def __init__(self, frames, window, accesses):
        self.frames = frames
        self.generations = [[], [], []]
        self.accessed = set()

    def age(self):
        young = [page for generation in self.generations for page in generation
                 if page in self.accessed]
        self.generations = [[page for page in generation if page not in self.accessed]
                            for generation in self.generations] + [young]
        self.accessed.clear()

    def evict(self):
        while True:
            if not self.generations[0]:
                self.generations.pop(0)
                if len(self.generations) < 3:
                    self.age()
                continue
            page = self.generations[0].pop(0)
            if page not in self.accessed:
                return
            self.accessed.remove(page)
            self.generations[-1].append(page)

    def access(self, page, write):
        fault = not any(page in generation for generation in self.generations)
        if fault:
            if sum(map(len, self.generations)) == self.frames:
                self.evict()
            self.generations[-1].append(page)
        self.accessed.add(page)
        return fault

    def resident(self):
        return [page for generation in self.generations for page in generation]

    def forget(self, page):
        remove(page, *self.generations)
        self.accessed.discard(page)


TWINS = {
    "fifo": Fifo, "lru": Lru, "clock": Clock, "aging": Aging, "ws": WorkingSet,
    "wsclock": WsClock, "2q": TwoQueue, "arc": Arc, "lirs": Lirs, "clockpro": ClockPro,
    "s3fifo": S3Fifo, "mglru": Mglru, "opt": Opt,
}


def faults(name, accesses, frames, window):
    """How many faults a policy has; the window is of ws and wsclock, None for its default."""
    twin = TWINS[name](frames, window or 10 * frames, accesses)
    return sum(twin.access(page, write) for page, write in accesses)


class Content:
    """What pages hold; the key is what the policy knows it by."""

    def __init__(self, key, store):
        self.key, self.store = key, store
        self.dirty = self.stored = self.ahead = False
        self.node, self.asks = None, []
        self.holders = set()


class Page:
    def __init__(self, content, protected):
        self.content, self.protected, self.present = content, protected, False
        self.precopied = False


class Memory:
    """Processes' pages by pid and number, what they hold, and the counts of faultline-whatif
    --memory.  No content has the key of another one, ever."""

    def __init__(self, name, frames, prefetch=0, precopy=0, nodes=None, processes=()):
        self.ahead, self.precopy = prefetch, precopy
        self.nodes, self.interleave, self.migrate = nodes or (1, False, 0)
        self.frames_of_node = -(-frames // self.nodes)
        self.on = {pid: number % self.nodes for number, pid in enumerate(processes)}
        self.placed = 0
        self.policy = TWINS[name](frames, 10 * frames, None)
        self.pages, self.mappings, self.files = {}, [], {}
        self.contents, self.keys = [], 0
        self.count = dict.fromkeys(("minor", "major", "cow", "reuses", "swap_ins", "swap_outs",
                                    "write_backs", "prefetched", "prefetch_useful",
                                    "precopied", "precopy_useful", "remote",
                                    "migrations"), 0)

    # ---- Contents ----

    def new(self):
        self.keys += 1
        content = Content(self.keys, "swap")
        self.contents.append(content)
        return content

    def lose(self, key):
        content = next(one for one in self.contents if one.key == key)
        content.ahead, content.node = False, None
        for page in content.holders:
            page.present = False
        if content.dirty:
            self.count["write_backs" if content.store == "file" else "swap_outs"] += 1
            content.dirty, content.stored = False, True

    def full(self, node):
        return sum(one.node == node for one in self.contents) == self.frames_of_node

    def place(self, content, pid):
        node = self.on.get(pid, 0)
        if self.interleave:
            node = self.placed % self.nodes
        self.placed += 1
        while self.full(node):
            node = (node + 1) % self.nodes
        content.node, content.asks = node, []

    def count_remote(self, content, pid, times):
        """One access after the other."""
        node = self.on.get(pid, 0)
        for _ in range(times):
            if content.node == node:
                content.asks = []
                continue
            self.count["remote"] += 1
            content.asks = [one for one in content.asks if one == node] + [node]
            if self.migrate and len(content.asks) >= self.migrate and not self.full(node):
                content.node, content.asks = node, []
                self.count["migrations"] += 1

    def use(self, content, write, pid, times=1):
        """Where it comes from: None if it was in memory."""
        before = self.policy.resident()
        for _ in range(times):
            self.policy.access(content.key, write)
        after = self.policy.resident()
        for key in before:
            if key not in after:
                self.lose(key)
        source = None if content.key in before else \
            content.store if content.stored or content.store == "file" else "nothing"
        self.count["swap_ins"] += source == "swap"
        if content.node is None:
            self.place(content, pid)
        self.count["prefetch_useful"] += content.ahead
        content.ahead = False
        if write:
            content.dirty, content.stored = True, False
        return source

    def prefetch(self, pid, number):
        for behind in range(number + 1, number + 1 + self.ahead):
            page = self.pages.get((pid, behind)) or self.first(pid, behind, make=False)
            content = page and page.content
            if content and content.key not in self.policy.resident() and \
                    (content.stored or content.store == "file"):
                self.use(content, False, pid)
                content.ahead = True
                self.count["prefetched"] += 1

    def let_go(self, page):
        content = page.content
        content.holders.remove(page)
        if not content.holders and content not in self.files.values():
            self.contents.remove(content)
            self.policy.forget(content.key)

    # ---- Pages ----

    def first(self, pid, number, make=True):
        kind, file, at = "anonymous", None, None
        for owner, start, end, mapped, name, offset in self.mappings:
            if owner == pid and start <= number < end:
                kind, file, at = mapped, name, offset + number - start
        if kind == "anonymous" and not make:
            return None
        if kind == "anonymous":
            content = self.new()
        else:
            key = (kind == "shared", file, at)
            if key not in self.files:
                self.keys += 1
                self.files[key] = Content(self.keys, "swap" if kind == "shared" else "file")
                self.contents.append(self.files[key])
            content = self.files[key]
        return Page(content, kind == "private")

    def access(self, pid, number, write, times=1):
        where = pid, number
        if where not in self.pages:
            self.pages[where] = self.first(pid, number)
            self.pages[where].content.holders.add(self.pages[where])
        page = self.pages[where]
        if write and page.precopied:
            self.count["precopy_useful"] += not page.protected
            page.precopied = False
        breaks = write and page.protected
        shared = len(page.content.holders) > 1 or page.content in self.files.values()
        copies = breaks and shared
        source = self.use(page.content, write and not copies, pid, times)
        fault = breaks or not page.present
        if copies:
            self.copy(page, pid)
        if breaks:
            page.protected = False
        page.present = True
        if fault:
            self.count["major" if source in ("swap", "file") else "minor"] += 1
        self.count["cow"] += copies
        self.count["reuses"] += breaks and not copies
        self.count_remote(page.content, pid, times)
        if copies:
            self.copy_behind(pid, number)
        if fault and source in ("swap", "file"):
            self.prefetch(pid, number)

    def copy(self, page, pid):
        self.let_go(page)
        page.content = self.new()
        page.content.holders.add(page)
        self.use(page.content, True, pid)

    def copy_behind(self, pid, number):
        table = number // 512 * 512 + 512
        for behind in range(number + 1, min(number + 1 + self.precopy, table)):
            page = self.pages.get((pid, behind))
            if not page or not page.present or not page.protected or \
                    page.content in self.files.values() or len(page.content.holders) < 2:
                continue
            self.use(page.content, False, pid)
            self.copy(page, pid)
            page.present, page.protected, page.precopied = True, False, True
            self.count["precopied"] += 1

    # ---- Processes ----

    def drop(self, where):
        page = self.pages.pop(where)
        self.let_go(page)

    def exit(self, pid):
        for where in [where for where in self.pages if where[0] == pid]:
            self.drop(where)
        self.mappings = [one for one in self.mappings if one[0] != pid]

    def run_on(self, pid, node):
        self.on[pid] = node % self.nodes

    def fork(self, parent, child):
        self.exit(child)
        self.mappings += [(child, *one[1:]) for one in self.mappings if one[0] == parent]
        for (pid, number), page in list(self.pages.items()):
            if pid != parent:
                continue
            anonymous = page.content not in self.files.values()
            page.protected = page.protected or anonymous
            copy = Page(page.content, page.protected)
            copy.present = page.present and anonymous
            page.content.holders.add(copy)
            self.pages[child, number] = copy

    def map(self, pid, start, count, kind, file=None, offset=0):
        for where in [where for where in self.pages
                      if where[0] == pid and start <= where[1] < start + count]:
            self.drop(where)
        self.mappings.append((pid, start, start + count, kind, file, offset))


def memory(name, steps, frames, **options):
    """The counts; steps are pid, letter and what follows, as in a text, in pages."""
    processes = list(dict.fromkeys(
        [pid for pid, letter, *_ in steps if letter in "RW"] +
        [one for pid, letter, *rest in steps if letter not in "RW"
         for one in (pid, *(rest if letter == "F" else ()))]))
    twin = Memory(name, frames, processes=processes, **options)
    runs = []
    for pid, letter, *rest in steps:
        if runs and letter in "RW" and runs[-1][:3:2] == (pid, *rest) and \
                runs[-1][1] in ("R", "W") and (runs[-1][1] == "W" or letter == "R"):
            runs[-1] = (*runs[-1][:3], runs[-1][3] + 1)
        else:
            runs.append((pid, letter, *rest, *([1] if letter in "RW" else [])))
    calls = {"R": lambda pid, number: twin.access(pid, number, False),
             "W": lambda pid, number: twin.access(pid, number, True),
             "F": twin.fork, "X": twin.exit, "M": twin.map, "N": twin.run_on}
    for pid, letter, *rest in runs:
        if letter in "RW":
            calls[letter](pid, rest[0])
            if rest[1] > 1:
                twin.access(pid, rest[0], False, rest[1] - 1)
        else:
            calls[letter](pid, *rest)
    return twin.count
