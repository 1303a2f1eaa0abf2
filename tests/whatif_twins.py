# SPDX-License-Identifier: GPL-2.0
"""The policies of whatif/, once more: slow, obvious, access by access, by lists that are searched.

faults(name, accesses, frames, window) counts; accesses are pairs of a page and whether it writes.
"""


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


class Lru(Fifo):
    def hit(self, page):
        self.pages.remove(page)
        self.pages.append(page)


class Opt(Fifo):
    def victim(self):
        future = [page for page, _ in self.accesses[self.now + 1:]]
        return max(self.pages, key=lambda page: future.index(page) if page in future else 10**9)


class WorkingSet(Lru):
    def access(self, page, write):
        then = max(0, self.now + 1 - self.window)
        recent = {other for other, _ in self.accesses[then:self.now + 1]}
        self.pages = [other for other in self.pages if other in recent]
        return super().access(page, write)


class Framed:
    """Pages in numbered frames."""

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


class Clock(Framed):
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


class Arc:
    def __init__(self, frames, window, accesses):
        self.c, self.p = frames, 0
        self.t1, self.t2, self.b1, self.b2 = [], [], [], []

    def replace(self, page):
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
        if known or (not resident and len(self.lir) < self.most):
            self.become_lir(page)
        else:
            self.queue.append(page)
        return not resident


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


TWINS = {
    "fifo": Fifo, "lru": Lru, "clock": Clock, "aging": Aging, "ws": WorkingSet,
    "wsclock": WsClock, "2q": TwoQueue, "arc": Arc, "lirs": Lirs, "clockpro": ClockPro,
    "s3fifo": S3Fifo, "mglru": Mglru, "opt": Opt,
}


def faults(name, accesses, frames, window):
    """How many faults a policy has; the window is of ws and wsclock, None for its default."""
    twin = TWINS[name](frames, window or 10 * frames, accesses)
    return sum(twin.access(page, write) for page, write in accesses)
