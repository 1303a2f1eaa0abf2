/* SPDX-License-Identifier: GPL-2.0 */
/*
 * NUMA: which node a content's frame is of, and how many accesses come from another one.
 *
 * init -> place, access, release ... -> free
 */
#ifndef NODES_H
#define NODES_H

#include <stdbool.h>
#include <stdint.h>

enum { NODES_MAX = 64, NODES_MIGRATE_MAX = 100000 };

/**
 * struct nodes_shape - what there is
 * @count: how many nodes, with as many frames each; 0 if there is but one memory
 * @interleave: frames are of one node after the other; else of that of who uses them first
 * @migrate: after so many accesses from the same other node it goes there; 0 for never
 */
struct nodes_shape {
	uint32_t count;
	bool interleave;
	uint32_t migrate;
};

/**
 * struct nodes - the nodes
 * @shape: what there is
 * @room: frames of each
 * @used: how many of them are used
 * @next: that is the next one's if they are interleaved
 * @remote: accesses from other nodes
 * @migrations: frames that went to another node
 * @place: by content, 1 + its node, or 0
 * @asks: by content, the other node whose accesses came last
 * @times: by content, how many of them in succession, up to @shape.migrate
 */
struct nodes {
	struct nodes_shape shape;
	uint64_t room;
	uint64_t used[NODES_MAX];
	uint32_t next;
	uint64_t remote;
	uint64_t migrations;
	uint8_t *place;
	uint8_t *asks;
	uint32_t *times;
};

/**
 * nodes_init() - nothing is placed
 * @nodes: filled in
 * @shape: what there is, with at least one node
 * @frames: in all
 * @contents: how many there may be
 *
 * Return: true, or false without memory.
 */
bool nodes_init(struct nodes *nodes, struct nodes_shape shape, uint64_t frames, uint64_t contents);

/**
 * nodes_place() - it has a frame from now on, of one of the nodes, unless it had
 * @nodes: they
 * @content: it
 * @node: who uses it
 */
void nodes_place(struct nodes *nodes, uint32_t content, uint32_t node);

/**
 * nodes_access() - it is used, and may migrate then
 * @nodes: they
 * @content: it, which is placed
 * @node: who uses it
 * @count: how often
 */
void nodes_access(struct nodes *nodes, uint32_t content, uint32_t node, uint32_t count);

/**
 * nodes_release() - it has no frame any more, if it had
 * @nodes: they
 * @content: it
 */
void nodes_release(struct nodes *nodes, uint32_t content);

/**
 * nodes_free() - forget them
 * @nodes: they, or all 0
 */
void nodes_free(struct nodes *nodes);

#endif /* NODES_H */
