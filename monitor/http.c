// SPDX-License-Identifier: GPL-2.0
/*
 * A page is rendered when it is asked for and records have come since it was rendered last:
 * what a thousand clients get in the meantime is the same bytes, and none of them are old.
 */
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http.h"

/**
 * struct client - a connection
 * @entry: in the list of them, by age
 * @fd: its socket
 * @kept: it is in the list; the others end as soon as the library has noticed
 */
struct client {
	TAILQ_ENTRY(client) entry;
	int fd;
	bool kept;
};

/**
 * struct page - a rendered page
 * @response: the library's, which knows who is still reading it; NULL before the first
 * @version: of the counters in it
 */
struct page {
	struct MHD_Response *response;
	uint64_t version;
};

/**
 * struct http - a server; only its own thread looks at what is in here
 * @daemon: the library's
 * @live: what is served
 * @pages: by enum openmetrics_dialect
 * @clients: those kept, the oldest first
 * @kept: how many
 */
struct http {
	struct MHD_Daemon *daemon;
	struct live *live;
	struct page pages[OPENMETRICS_DIALECTS];
	TAILQ_HEAD(client_list, client) clients;
	unsigned int kept;
};

static const char * const content_types[OPENMETRICS_DIALECTS] = {
	[OPENMETRICS_1_0] = "application/openmetrics-text; version=1.0.0; charset=utf-8",
	[OPENMETRICS_CLASSIC] = "text/plain; version=0.0.4; charset=utf-8",
};

/* ADDRESS:PORT as it came to be. */
static void describe(int fd, char *text, size_t size)
{
	struct sockaddr_storage bound = { 0 };
	socklen_t bytes = sizeof(bound);
	char address[NI_MAXHOST] = "", port[NI_MAXSERV] = "";

	getsockname(fd, (struct sockaddr *)&bound, &bytes);
	getnameinfo((struct sockaddr *)&bound, bytes, address, sizeof(address), port,
		    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(text, size, strchr(address, ':') ? "[%s]:%s" : "%s:%s", address, port);
}

int http_listen(const char *address, const char *port, char *why, size_t why_size)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	int fd = -1, one = 1, error = getaddrinfo(address, port, &hints, &found);

	if (error) {
		snprintf(why, why_size, "%s: %s", address, gai_strerror(error));
		return -1;
	}
	fd = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(fd, found->ai_addr, found->ai_addrlen) || listen(fd, SOMAXCONN)) {
		snprintf(why, why_size, "%s port %s: %s", address, port, strerror(errno));
		if (fd >= 0)
			close(fd);
		fd = -1;
	} else {
		describe(fd, why, why_size);
	}
	freeaddrinfo(found);
	return fd;
}

static void keep(struct http *http, struct client *client)
{
	TAILQ_INSERT_TAIL(&http->clients, client, entry);
	client->kept = true;
	http->kept++;
}

static void let_go(struct http *http, struct client *client)
{
	if (!client->kept)
		return;
	TAILQ_REMOVE(&http->clients, client, entry);
	client->kept = false;
	http->kept--;
}

/* Whoever sends a byte now and then is never idle: age is what tells. */
static void end_oldest(struct http *http)
{
	struct client *oldest = TAILQ_FIRST(&http->clients);

	shutdown(oldest->fd, SHUT_RDWR);
	let_go(http, oldest);
}

static void connection_changed(void *context, struct MHD_Connection *connection,
			       void **socket_context,
			       enum MHD_ConnectionNotificationCode what)
{
	struct client *client = *socket_context;
	struct http *http = context;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (client)
			let_go(http, client);
		free(client);
		return;
	}
	client = calloc(1, sizeof(*client));
	*socket_context = client;
	if (!client)
		return;
	client->fd = MHD_get_connection_info(connection,
					     MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	keep(http, client);
	if (http->kept > HTTP_CLIENTS_KEPT)
		end_oldest(http);
}

static struct MHD_Response *render(struct live *live, enum openmetrics_dialect dialect)
{
	struct MHD_Response *response;
	size_t bytes;
	char *text = live_render(live, dialect, &bytes);

	if (!text)
		return NULL;
	response = MHD_create_response_from_buffer(bytes, text, MHD_RESPMEM_MUST_FREE);
	if (!response)
		free(text);
	else
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
					content_types[dialect]);
	return response;
}

/* The page's response as it is to be now; NULL without memory. */
static struct MHD_Response *metrics(struct http *http, struct MHD_Connection *connection)
{
	const char *accept = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
							 MHD_HTTP_HEADER_ACCEPT);
	enum openmetrics_dialect dialect =
		accept && strcasestr(accept, "application/openmetrics-text") ?
		OPENMETRICS_1_0 : OPENMETRICS_CLASSIC;
	struct page *page = &http->pages[dialect];
	uint64_t version = live_version(http->live);

	if (page->response && page->version == version)
		return page->response;
	if (page->response)
		MHD_destroy_response(page->response);
	page->response = render(http->live, dialect);
	page->version = version;
	return page->response;
}

static enum MHD_Result answer_line(struct MHD_Connection *connection, unsigned int status,
				   const char *line)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(line), (void *)line,
						MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection,
			      const char *url, const char *method, const char *version,
			      const char *upload, size_t *upload_bytes, void **request)
{
	struct MHD_Response *response;
	struct http *http = context;

	(void)version;
	(void)upload;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return answer_line(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET or HEAD only\n");
	if (*upload_bytes)
		return MHD_NO;
	if (!*request) {
		/* Who is answered before all of a request was read loses the connection. */
		*request = http;
		return MHD_YES;
	}
	if (strcmp(url, "/") == 0)
		return answer_line(connection, MHD_HTTP_OK, "Faultline: see /metrics\n");
	if (strcmp(url, "/metrics") != 0)
		return answer_line(connection, MHD_HTTP_NOT_FOUND, "no such page: see /metrics\n");
	response = metrics(http, connection);
	return response ? MHD_queue_response(connection, MHD_HTTP_OK, response) : MHD_NO;
}

struct http *http_start(int socket, struct live *live)
{
	struct http *http = calloc(1, sizeof(*http));

	if (!http)
		return NULL;
	http->live = live;
	TAILQ_INIT(&http->clients);
	http->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL,
					answer, http,
					MHD_OPTION_LISTEN_SOCKET, socket,
					MHD_OPTION_CONNECTION_LIMIT, HTTP_CLIENTS_MAX,
					MHD_OPTION_CONNECTION_TIMEOUT, HTTP_TIMEOUT_S,
					MHD_OPTION_CONNECTION_MEMORY_LIMIT,
					(size_t)HTTP_REQUEST_BYTES,
					MHD_OPTION_NOTIFY_CONNECTION, connection_changed, http,
					MHD_OPTION_END);
	if (http->daemon)
		return http;
	free(http);
	return NULL;
}

void http_stop(struct http *http)
{
	MHD_stop_daemon(http->daemon);
	for (int i = 0; i < OPENMETRICS_DIALECTS; i++)
		if (http->pages[i].response)
			MHD_destroy_response(http->pages[i].response);
	free(http);
}
