/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_pickle_machine.c - see codegen_pickle_machine.h.
 */
#include "codegen/codegen_pickle_machine.h"

#include <stdlib.h>
#include <string.h>

#define MARK UINT32_MAX /* on the stack, instead of a value */

/* Room for one more of @p size bytes. */
static bool reserve(void **data, uint32_t *capacity, uint32_t count, size_t size)
{
    if (count < *capacity) {
        return true;
    }
    if (count >= LANES_PICKLE_VALUES_MAX) {
        return false;
    }
    const uint32_t wanted = *capacity == 0 ? 64 : *capacity * 2;
    void *grown = realloc(*data, wanted * size);
    if (grown == NULL) {
        return false;
    }
    *data = grown;
    *capacity = wanted;
    return true;
}

static bool append(lanes_pickle_list *list, uint32_t word)
{
    void *data = list->data;
    if (!reserve(&data, &list->capacity, list->count, sizeof(uint32_t))) {
        return false;
    }
    list->data = data;
    list->data[list->count++] = word;
    return true;
}

static bool push_new(lanes_pickle_machine *machine, uint32_t kind, uint32_t a, uint32_t b)
{
    void *values = machine->values;
    if (!reserve(&values, &machine->value_capacity, machine->value_count,
                 sizeof(lanes_pickle_value))) {
        return false;
    }
    machine->values = values;
    machine->values[machine->value_count] = (lanes_pickle_value){kind, a, b};
    return append(&machine->stack, machine->value_count++);
}

static bool top(const lanes_pickle_machine *machine, uint32_t *out_value)
{
    const lanes_pickle_list *stack = &machine->stack;
    if (stack->count == 0 || stack->data[stack->count - 1] == MARK) {
        return false;
    }
    *out_value = stack->data[stack->count - 1];
    return true;
}

static bool pop(lanes_pickle_machine *machine, uint32_t *out_value)
{
    if (!top(machine, out_value)) {
        return false;
    }
    machine->stack.count--;
    return true;
}

static bool drop(lanes_pickle_machine *machine, uint32_t count)
{
    uint32_t value;
    for (uint32_t i = 0; i < count; i++) {
        if (!pop(machine, &value)) {
            return false;
        }
    }
    return true;
}

/* As drop() for one, but a mark too. */
static bool drop_any(lanes_pickle_machine *machine)
{
    if (machine->stack.count == 0) {
        return false;
    }
    machine->stack.count--;
    return true;
}

/* Takes the uppermost mark and what is above it off the stack. */
static bool drop_to_mark(lanes_pickle_machine *machine, uint32_t *out_first)
{
    lanes_pickle_list *stack = &machine->stack;
    while (stack->count > 0) {
        if (stack->data[--stack->count] == MARK) {
            *out_first = stack->count + 1;
            return true;
        }
    }
    return false;
}

/* A tuple of the @p count words of the stack from @p first; they are off it already. */
static bool push_tuple(lanes_pickle_machine *machine, uint32_t first, uint32_t count)
{
    const uint32_t start = machine->items.count;
    for (uint32_t i = 0; i < count; i++) {
        if (!append(&machine->items, machine->stack.data[first + i])) {
            return false;
        }
    }
    return push_new(machine, LANES_PICKLE_TUPLE, start, count);
}

static bool push_tuple_of(lanes_pickle_machine *machine, uint32_t count)
{
    return drop(machine, count) && push_tuple(machine, machine->stack.count, count);
}

static bool push_marked_tuple(lanes_pickle_machine *machine)
{
    const uint32_t end = machine->stack.count;
    uint32_t first;
    return drop_to_mark(machine, &first) && push_tuple(machine, first, end - first);
}

static bool push_pair(lanes_pickle_machine *machine, uint32_t kind)
{
    uint32_t a;
    uint32_t b;
    return pop(machine, &b) && pop(machine, &a) && push_new(machine, kind, a, b);
}

/* The text form of a global: "module\nname\n" behind the opcode. */
static bool push_global_lines(lanes_pickle_machine *machine)
{
    for (int part = 0; part < 2; part++) {
        const unsigned char *line = machine->pickle + machine->at;
        const unsigned char *end = memchr(line, '\n', machine->bytes - machine->at);
        if (end == NULL || !push_new(machine, LANES_PICKLE_STRING, machine->at,
                                     (uint32_t)(end - line))) {
            return false;
        }
        machine->at += (uint32_t)(end - line) + 1;
    }
    return push_pair(machine, LANES_PICKLE_GLOBAL);
}

uint64_t lanes_pickle_number(const lanes_pickle_machine *machine, uint32_t at,
                             uint32_t bytes)
{
    uint64_t number = 0;
    for (uint32_t i = 0; i < bytes; i++) {
        number |= (uint64_t)machine->pickle[at + i] << (8 * i);
    }
    return number;
}

/* Picklers number the memo as they fill it, so nothing is ever put behind its end. */
static bool put(lanes_pickle_machine *machine, uint64_t index)
{
    uint32_t value;
    if (!top(machine, &value) || index > machine->memo.count) {
        return false;
    }
    if (index == machine->memo.count) {
        return append(&machine->memo, value);
    }
    machine->memo.data[index] = value;
    return true;
}

static bool get(lanes_pickle_machine *machine, uint64_t index)
{
    return index < machine->memo.count &&
           append(&machine->stack, machine->memo.data[index]);
}

/* ---- Opcodes --------------------------------------------------------------------- */

enum action {
    DO_REFUSE = 0,
    DO_SKIP,
    DO_STOP,
    DO_MARK,
    DO_POP,
    DO_POP_MARK,
    DO_DUPLICATE,
    DO_PUSH,
    DO_TUPLE,
    DO_MARKED_TUPLE,
    DO_MARKED_OTHER,
    DO_DROP,
    DO_PAIR,
    DO_NEW_WITH_KEYWORDS,
    DO_GLOBAL_LINES,
    DO_PUT,
    DO_MEMOIZE,
    DO_GET
};

/* X(opcode, action, bytes of argument, bytes of the argument's length, detail). */
#define OPCODE_TABLE(X)                                                                  \
    X(0x80, DO_SKIP, 1, 0, 0) /* PROTO */                                                \
    X(0x95, DO_SKIP, 8, 0, 0) /* FRAME */                                                \
    X('.', DO_STOP, 0, 0, 0)                                                             \
    X('(', DO_MARK, 0, 0, 0)                                                             \
    X('0', DO_POP, 0, 0, 0)                                                              \
    X('1', DO_POP_MARK, 0, 0, 0)                                                         \
    X('2', DO_DUPLICATE, 0, 0, 0)                                                        \
    X('N', DO_PUSH, 0, 0, LANES_PICKLE_NONE)                                             \
    X(0x88, DO_PUSH, 0, 0, LANES_PICKLE_TRUE)                                            \
    X(0x89, DO_PUSH, 0, 0, LANES_PICKLE_FALSE)                                           \
    X('K', DO_PUSH, 1, 0, LANES_PICKLE_UNSIGNED) /* BININT1 */                           \
    X('M', DO_PUSH, 2, 0, LANES_PICKLE_UNSIGNED) /* BININT2 */                           \
    X('J', DO_PUSH, 4, 0, LANES_PICKLE_SIGNED)   /* BININT */                            \
    X(0x8a, DO_PUSH, 0, 1, LANES_PICKLE_SIGNED)  /* LONG1 */                             \
    X(0x8b, DO_PUSH, 0, 4, LANES_PICKLE_SIGNED)  /* LONG4 */                             \
    X('G', DO_PUSH, 8, 0, LANES_PICKLE_FLOAT)                                            \
    X(0x8c, DO_PUSH, 0, 1, LANES_PICKLE_STRING) /* SHORT_BINUNICODE */                   \
    X('X', DO_PUSH, 0, 4, LANES_PICKLE_STRING)  /* BINUNICODE */                         \
    X(0x8d, DO_PUSH, 0, 8, LANES_PICKLE_STRING) /* BINUNICODE8 */                        \
    X('U', DO_PUSH, 0, 1, LANES_PICKLE_STRING)  /* SHORT_BINSTRING, Python 2 */          \
    X('T', DO_PUSH, 0, 4, LANES_PICKLE_STRING)  /* BINSTRING, Python 2 */                \
    X('C', DO_PUSH, 0, 1, LANES_PICKLE_BYTES)   /* SHORT_BINBYTES */                     \
    X('B', DO_PUSH, 0, 4, LANES_PICKLE_BYTES)   /* BINBYTES */                           \
    X(0x8e, DO_PUSH, 0, 8, LANES_PICKLE_BYTES)  /* BINBYTES8 */                          \
    X(0x96, DO_PUSH, 0, 8, LANES_PICKLE_OTHER)  /* BYTEARRAY8 */                         \
    X(')', DO_TUPLE, 0, 0, 0)                                                            \
    X(0x85, DO_TUPLE, 0, 0, 1)                                                           \
    X(0x86, DO_TUPLE, 0, 0, 2)                                                           \
    X(0x87, DO_TUPLE, 0, 0, 3)                                                           \
    X('t', DO_MARKED_TUPLE, 0, 0, 0)                                                     \
    X(']', DO_PUSH, 0, 0, LANES_PICKLE_OTHER)   /* EMPTY_LIST */                         \
    X('}', DO_PUSH, 0, 0, LANES_PICKLE_OTHER)   /* EMPTY_DICT */                         \
    X(0x8f, DO_PUSH, 0, 0, LANES_PICKLE_OTHER)  /* EMPTY_SET */                          \
    X('l', DO_MARKED_OTHER, 0, 0, 0)            /* LIST */                               \
    X('d', DO_MARKED_OTHER, 0, 0, 0)            /* DICT */                               \
    X(0x91, DO_MARKED_OTHER, 0, 0, 0)           /* FROZENSET */                          \
    X('a', DO_DROP, 0, 0, 1)                    /* APPEND */                             \
    X('s', DO_DROP, 0, 0, 2)                    /* SETITEM */                            \
    X('b', DO_DROP, 0, 0, 1)                    /* BUILD */                              \
    X('e', DO_POP_MARK, 0, 0, 0)                /* APPENDS */                            \
    X('u', DO_POP_MARK, 0, 0, 0)                /* SETITEMS */                           \
    X(0x90, DO_POP_MARK, 0, 0, 0)               /* ADDITEMS */                           \
    X(0x93, DO_PAIR, 0, 0, LANES_PICKLE_GLOBAL) /* STACK_GLOBAL */                       \
    X('R', DO_PAIR, 0, 0, LANES_PICKLE_CALL)    /* REDUCE */                             \
    X(0x81, DO_PAIR, 0, 0, LANES_PICKLE_NEW)    /* NEWOBJ */                             \
    X(0x92, DO_NEW_WITH_KEYWORDS, 0, 0, 0)      /* NEWOBJ_EX */                          \
    X('c', DO_GLOBAL_LINES, 0, 0, 0)            /* GLOBAL */                             \
    X('q', DO_PUT, 1, 0, 0)                     /* BINPUT */                             \
    X('r', DO_PUT, 4, 0, 0)                     /* LONG_BINPUT */                        \
    X(0x94, DO_MEMOIZE, 0, 0, 0)                                                         \
    X('h', DO_GET, 1, 0, 0) /* BINGET */                                                 \
    X('j', DO_GET, 4, 0, 0) /* LONG_BINGET */

struct opcode {
    uint8_t action;
    uint8_t argument_bytes;
    uint8_t length_bytes;
    uint8_t detail; /* enum lanes_pickle_kind, or a count */
};

static const struct opcode opcodes[256] = {
#define OPCODE_ROW(code, action, argument, length, detail)                               \
    [code] = {action, argument, length, detail},
    OPCODE_TABLE(OPCODE_ROW)
#undef OPCODE_ROW
};

static bool take_argument(lanes_pickle_machine *machine, const struct opcode *opcode)
{
    uint64_t bytes = opcode->argument_bytes;
    if (opcode->length_bytes > 0) {
        if (machine->bytes - machine->at < opcode->length_bytes) {
            return false;
        }
        bytes = lanes_pickle_number(machine, machine->at, opcode->length_bytes);
        machine->at += opcode->length_bytes;
    }
    if (machine->bytes - machine->at < bytes) {
        return false;
    }
    machine->argument = machine->at;
    machine->argument_bytes = (uint32_t)bytes;
    machine->at += (uint32_t)bytes;
    return true;
}

static bool duplicate(lanes_pickle_machine *machine)
{
    uint32_t value;
    return top(machine, &value) && append(&machine->stack, value);
}

/* Actions that only move or make values; see execute(). */
static bool execute_on_stack(lanes_pickle_machine *machine, const struct opcode *opcode)
{
    uint32_t first;
    switch ((enum action)opcode->action) {
    case DO_MARK:
        return append(&machine->stack, MARK);
    case DO_POP:
        return drop_any(machine);
    case DO_POP_MARK:
        return drop_to_mark(machine, &first);
    case DO_DUPLICATE:
        return duplicate(machine);
    case DO_TUPLE:
        return push_tuple_of(machine, opcode->detail);
    case DO_MARKED_TUPLE:
        return push_marked_tuple(machine);
    case DO_MARKED_OTHER:
        return drop_to_mark(machine, &first) &&
               push_new(machine, LANES_PICKLE_OTHER, 0, 0);
    case DO_DROP:
        return drop(machine, opcode->detail);
    case DO_PAIR:
        return push_pair(machine, opcode->detail);
    case DO_NEW_WITH_KEYWORDS:
        return drop(machine, 1) && push_pair(machine, LANES_PICKLE_NEW);
    case DO_REFUSE:
    case DO_SKIP:
    case DO_STOP:
    case DO_PUSH:
    case DO_GLOBAL_LINES:
    case DO_PUT:
    case DO_MEMOIZE:
    case DO_GET:
        break;
    }
    return false;
}

static bool execute(lanes_pickle_machine *machine, const struct opcode *opcode)
{
    const uint32_t at = machine->argument;
    const uint32_t bytes = machine->argument_bytes;
    if (opcode->action == DO_SKIP) {
        return true;
    }
    if (opcode->action == DO_PUSH) {
        return push_new(machine, opcode->detail, at, bytes);
    }
    if (opcode->action == DO_PUT) {
        return put(machine, lanes_pickle_number(machine, at, bytes));
    }
    if (opcode->action == DO_MEMOIZE) {
        return put(machine, machine->memo.count);
    }
    if (opcode->action == DO_GET) {
        return get(machine, lanes_pickle_number(machine, at, bytes));
    }
    if (opcode->action == DO_GLOBAL_LINES) {
        return push_global_lines(machine);
    }
    return execute_on_stack(machine, opcode);
}

bool lanes_pickle_machine_run(lanes_pickle_machine *machine, uint32_t *out_result)
{
    while (machine->at < machine->bytes) {
        const struct opcode *opcode = &opcodes[machine->pickle[machine->at++]];
        if (opcode->action == DO_STOP) {
            return pop(machine, out_result);
        }
        if (!take_argument(machine, opcode) || !execute(machine, opcode)) {
            return false;
        }
    }
    return false;
}

void lanes_pickle_machine_deinit(lanes_pickle_machine *machine)
{
    free(machine->values);
    free(machine->stack.data);
    free(machine->memo.data);
    free(machine->items.data);
}
