/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Live counters for whoever asks by HTTP: a thread of its own.
 *
 * listen -> start -> stop
 */
#ifndef HTTP_H
#define HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "live.h"

enum {
	/* Of a page that a slow client reads, each of them may hold a version of its own. */
	HTTP_CLIENTS_MAX	= 64,
	/* From here on each new one ends the oldest. */
	HTTP_CLIENTS_KEPT	= 48,
	HTTP_TIMEOUT_S		= 10,
	HTTP_REQUEST_BYTES	= 8192,
};

struct http;

/**
 * http_listen() - claim an address
 * @address: a name or a number
 * @port: a number; 0 takes any port that is free
 * @why: on failure, one line of what is wrong, without a newline; else the address
 * @why_size: bytes of @why
 *
 * Return: a socket that listens, or -1 with @why.
 */
int http_listen(const char *address, const char *port, char *why, size_t why_size);

/**
 * http_start() - answer from now on
 * @socket: of http_listen(); closed by http_stop()
 * @live: open counters
 *
 * Return: the server, or NULL with errno.
 */
struct http *http_start(int socket, struct live *live);

/**
 * http_stop() - end all connections
 * @http: the server
 */
void http_stop(struct http *http);

#endif /* HTTP_H */
