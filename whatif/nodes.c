// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "nodes.h"

bool nodes_init(struct nodes *nodes, struct nodes_shape shape, uint64_t frames, uint64_t contents)
{
	*nodes = (struct nodes){
		.shape = shape,
		.room = (frames + shape.count - 1) / shape.count,
		.place = calloc(contents, sizeof(*nodes->place)),
		.asks = calloc(contents, sizeof(*nodes->asks)),
		.times = calloc(contents, sizeof(*nodes->times)),
	};
	return nodes->place && nodes->asks && nodes->times;
}

static void put(struct nodes *nodes, uint32_t content, uint32_t node)
{
	nodes->place[content] = (uint8_t)(node + 1);
	nodes->used[node]++;
	nodes->times[content] = 0;
}

/* A node that is full leaves it to the next one. */
void nodes_place(struct nodes *nodes, uint32_t content, uint32_t node)
{
	if (nodes->place[content])
		return;
	if (nodes->shape.interleave)
		node = nodes->next++ % nodes->shape.count;
	for (uint32_t i = 0; i < nodes->shape.count && nodes->used[node] == nodes->room; i++)
		node = (node + 1) % nodes->shape.count;
	put(nodes, content, node);
}

void nodes_release(struct nodes *nodes, uint32_t content)
{
	if (nodes->place[content])
		nodes->used[nodes->place[content] - 1]--;
	nodes->place[content] = 0;
}

/* How many come until it does; all if it does not, or cannot as that node is full. */
static uint32_t migrate_after(struct nodes *nodes, uint32_t content, uint32_t node, uint32_t count)
{
	uint32_t *times = &nodes->times[content], missing;

	if (nodes->asks[content] != node)
		*times = 0;
	nodes->asks[content] = (uint8_t)node;
	missing = *times < nodes->shape.migrate ? nodes->shape.migrate - *times : 1;
	if (count < missing || nodes->used[node] == nodes->room) {
		*times = count < missing ? *times + count : nodes->shape.migrate;
		return count;
	}
	nodes_release(nodes, content);
	put(nodes, content, node);
	nodes->migrations++;
	return missing;
}

void nodes_access(struct nodes *nodes, uint32_t content, uint32_t node, uint32_t count)
{
	if (nodes->place[content] == node + 1)
		nodes->times[content] = 0;
	else if (nodes->shape.migrate)
		nodes->remote += migrate_after(nodes, content, node, count);
	else
		nodes->remote += count;
}

void nodes_free(struct nodes *nodes)
{
	free(nodes->place);
	free(nodes->asks);
	free(nodes->times);
}
