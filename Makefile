# SPDX-License-Identifier: GPL-2.0
#
# Faultline.  The two that matter: make demo, make check.

KDIR	?= /lib/modules/$(shell uname -r)/build
KERNELS	= $(or $(K),$(shell tests/vm/kernel.sh names))
BUILD	:= build/$(shell uname -r)

.PHONY: help demo study check soak fuzz bench bench-peers bench-whatif lint programs module install \
	uninstall deb clean

help:
	@echo 'make demo            case studies 1 and 2 on a stock kernel in QEMU; plots in plots/'
	@echo 'make demo FULL=1     the same in the full sizes of the course'
	@echo 'make study N=3       one case study, from recording to plots (1 to 7)'
	@echo 'make check           the tests on the kernels of tests/vm/matrix, all of them on one'
	@echo 'make check K=6.12 T=cow_exact      one test on one kernel'
	@echo 'make soak            an hour of stress-ng at 1000 Hz (K=6.12 MINUTES=60)'
	@echo 'make check K=6.12 T=loads_and_unloads LOADS=1000      the module in and out'
	@echo 'make check K=debug T=hostile_calls CALLS=10000000     every file of the module, called at random'
	@echo 'make fuzz            bytes of all kinds for what the monitor reads (FUZZ_RUNS=50000000)'
	@echo 'make bench           what things cost, in instructions (K=6.12: on one kernel)'
	@echo 'make bench-peers     beside perf, bpftrace, bcc, SystemTap, pidstat, taskstats (RUNS=3)'
	@echo 'make bench-whatif    accesses a second that faultline-whatif replays'
	@echo 'make lint            what checkers say of the sources'
	@echo 'make programs        monitor/faultline, whatif/faultline-whatif, the workloads of work/'
	@echo 'make module          the module for the running kernel (see insert.sh)'
	@echo 'make install         programs, man pages, sources for dkms (PREFIX, DESTDIR); uninstall'
	@echo 'make deb             packages for Debian, into build/deb'
	@echo 'make clean           remove what was built; the cache of kernels stays'

demo:
	@case_studies/demo.sh $(if $(FULL),full,small)

study:
	@case_studies/study.sh $(if $(FULL),--full) $(N)

check:
	@tests/vm/packages.sh check $(KERNELS) $(if $(K),,$(shell tests/vm/kernel.sh compiled))
	@tests/check.sh "$(K)" "$(T)"

soak:
	@tests/vm/packages.sh root $(or $(K),6.12)
	@MINUTES=$(or $(MINUTES),60) tests/check.sh $(or $(K),6.12) soak

fuzz:
	@tests/vm/packages.sh fuzz
	@tests/fuzz/fuzz.sh $(FUZZ_RUNS)

bench:
	@tests/vm/packages.sh run $(KERNELS)
	@bench/bench.sh $(K)

bench-peers:
	@tests/vm/packages.sh peers 6.1 6.12
	@bench/peers.sh $(K)

bench-whatif:
	@tests/vm/packages.sh run
	@mkdir -p build/whatif
	@$(MAKE) -s -C whatif bench O=../build/whatif WITHOUT=

lint:
	@tests/vm/packages.sh lint 6.12
	@tests/lint.sh

programs:
	$(MAKE) -C monitor
	$(MAKE) -C work
	$(MAKE) -C whatif

# In a folder of its own per kernel: kbuild cleans whatever it finds below M=.
module:
	mkdir -p $(BUILD)/module
	cp -ru module/* $(BUILD)/module
	$(MAKE) -C $(KDIR) M=$(CURDIR)/$(BUILD)/module modules
	cp $(BUILD)/module/faultline.ko $(BUILD)/faultline.ko

install:
	$(MAKE) -C monitor
	$(MAKE) -C work work
	$(MAKE) -C whatif
	$(MAKE) -C packaging install

uninstall:
	$(MAKE) -C packaging uninstall

deb:
	@tests/vm/packages.sh deb
	packaging/deb.sh

clean:
	$(MAKE) -C monitor clean
	$(MAKE) -C work clean
	$(MAKE) -C whatif clean
	$(RM) -r build
