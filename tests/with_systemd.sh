#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# In a guest whose Debian has systemd: run a command under it.  The first process there is
# busybox's, so systemd is the first one of a pid namespace of its own.
#
# usage: with_systemd.sh COMMAND		a line for the shell

mount -t tmpfs run /run
mkdir -p /run/systemd/system /run/lock
cat > /run/systemd/system/command.service <<END
[Unit]
After=basic.target systemd-udevd.service
Wants=systemd-udevd.service
SuccessAction=poweroff-immediate
FailureAction=poweroff-immediate

[Service]
Type=oneshot
WorkingDirectory=$PWD
Environment=PATH=/usr/sbin:/usr/bin HOME=/root
ExecStart=/bin/sh -c "$1"
StandardOutput=file:/run/said
StandardError=inherit
END
# Powering off a pid namespace is a signal to who made it.
unshare --pid --fork --mount-proc /lib/systemd/systemd --unit=command.service > /run/systemd.log 2>&1
cat /run/said
