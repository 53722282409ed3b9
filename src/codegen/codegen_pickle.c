/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_pickle.c - see codegen_pickle.h.
 *
 * Numba 0.57 and 0.58 pickle their whole model of a module along with an exception whose
 * arguments are computed, so tens of kilobytes are ordinary.
 */
#include "codegen/codegen_pickle.h"

#include <stdio.h>
#include <string.h>

#include "codegen/codegen_pickle_machine.h"
#include "kernel/repr.h"

#define DEPTH_MAX 8 /* of values inside values that are written */

static const lanes_pickle_value *value_of(const lanes_pickle_machine *machine,
                                          uint32_t index)
{
    return &machine->values[index];
}

/* Item @p index of a tuple that has it. */
static const lanes_pickle_value *item_of(const lanes_pickle_machine *machine,
                                         const lanes_pickle_value *tuple, uint32_t index)
{
    return value_of(machine, machine->items.data[tuple->a + index]);
}

static bool starts_with(const lanes_pickle_machine *machine,
                        const lanes_pickle_value *string, const char *prefix)
{
    const size_t length = strlen(prefix);
    return string->kind == LANES_PICKLE_STRING && string->b >= length &&
           memcmp(machine->pickle + string->a, prefix, length) == 0;
}

/* True for a call of, or an instance of, something whose module's name begins so. */
static bool is_made_by(const lanes_pickle_machine *machine,
                       const lanes_pickle_value *value, const char *module)
{
    if (value->kind != LANES_PICKLE_CALL && value->kind != LANES_PICKLE_NEW) {
        return false;
    }
    const lanes_pickle_value *made_by = value_of(machine, value->a);
    return made_by->kind == LANES_PICKLE_GLOBAL &&
           starts_with(machine, value_of(machine, made_by->a), module);
}

/* Numba pickles a part of llvmlite's model of the code in the place of a computed value:
 * the instruction (0.57 and 0.58), or a constant (later). */
static bool is_computed(const lanes_pickle_machine *machine,
                        const lanes_pickle_value *value)
{
    return is_made_by(machine, value, "llvmlite.");
}

/*
 * The last component of a class's name. A class without an importable module is the call
 * of a function of cloudpickle, with the name as its first string.
 */
static void add_class_name(const lanes_pickle_machine *machine,
                           const lanes_pickle_value *value, lanes_repr *repr)
{
    const lanes_pickle_value *name = value;
    if (value->kind == LANES_PICKLE_GLOBAL) {
        name = value_of(machine, value->b);
    } else if (value->kind == LANES_PICKLE_CALL) {
        const lanes_pickle_value *arguments = value_of(machine, value->b);
        const uint32_t count = arguments->kind == LANES_PICKLE_TUPLE ? arguments->b : 0;
        for (uint32_t i = 0; i < count && name->kind != LANES_PICKLE_STRING; i++) {
            name = item_of(machine, arguments, i);
        }
    }
    if (name->kind != LANES_PICKLE_STRING) {
        return;
    }
    const unsigned char *text = machine->pickle + name->a;
    size_t start = name->b;
    while (start > 0 && text[start - 1] != '.') {
        start--;
    }
    lanes_repr_add_name(repr, text + start, name->b - start);
}

/* False if it takes more than 64 bits. */
static bool add_integer(const lanes_pickle_machine *machine,
                        const lanes_pickle_value *value, lanes_repr *repr)
{
    char text[24];
    const bool is_unsigned =
        value->kind == LANES_PICKLE_UNSIGNED ||
        (value->b == 9 && machine->pickle[value->a + 8] == 0); /* 2^63 and above */
    if (value->b > 8 && !is_unsigned) {
        return false;
    }
    const uint32_t bytes = value->b > 8 ? 8 : value->b;
    uint64_t number = lanes_pickle_number(machine, value->a, bytes);
    if (is_unsigned) {
        snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    } else {
        const uint32_t unused = 64 - 8 * bytes;
        number = bytes == 0 ? 0 : number << unused;
        snprintf(text, sizeof(text), "%lld",
                 bytes == 0 ? 0LL : (long long)number >> unused);
    }
    lanes_repr_add(repr, text);
    return true;
}

static void add_float(const lanes_pickle_machine *machine,
                      const lanes_pickle_value *value, lanes_repr *repr)
{
    uint64_t bits = 0;
    for (uint32_t i = 0; i < 8; i++) {
        bits = bits << 8 | machine->pickle[value->a + i];
    }
    double number;
    memcpy(&number, &bits, sizeof(number));
    lanes_repr_add_float(repr, number);
}

static void add_value(const lanes_pickle_machine *machine,
                      const lanes_pickle_value *value, lanes_repr *repr, int depth);

static void add_items(const lanes_pickle_machine *machine,
                      const lanes_pickle_value *tuple, lanes_repr *repr, int depth)
{
    for (uint32_t i = 0; i < tuple->b && !repr->is_full; i++) {
        lanes_repr_add(repr, i > 0 ? ", " : "");
        add_value(machine, item_of(machine, tuple, i), repr, depth);
    }
}

/* "complex(0.0, 1.0)", "<Thing object>", "{}". */
static void add_object(const lanes_pickle_machine *machine,
                       const lanes_pickle_value *value, lanes_repr *repr, int depth)
{
    const lanes_pickle_value *arguments = value_of(machine, value->b);
    if (is_computed(machine, value)) {
        lanes_repr_add(repr, "{}");
    } else if (is_made_by(machine, value, "numba.cloudpickle") ||
               is_made_by(machine, value, "cloudpickle")) {
        add_class_name(machine, value, repr);
    } else if (value->kind == LANES_PICKLE_CALL &&
               arguments->kind == LANES_PICKLE_TUPLE) {
        add_class_name(machine, value_of(machine, value->a), repr);
        lanes_repr_add(repr, "(");
        add_items(machine, arguments, repr, depth);
        lanes_repr_add(repr, ")");
    } else {
        lanes_repr_add(repr, "<");
        add_class_name(machine, value_of(machine, value->a), repr);
        lanes_repr_add(repr, " object>");
    }
}

/* A value holds only values made before it, so this ends; DEPTH_MAX bounds the stack. */
static void add_value(const lanes_pickle_machine *machine,
                      const lanes_pickle_value *value, lanes_repr *repr, int depth)
{
    const unsigned char *bytes = machine->pickle + value->a;
    static const char *const words[] = {[LANES_PICKLE_NONE] = "None",
                                        [LANES_PICKLE_TRUE] = "True",
                                        [LANES_PICKLE_FALSE] = "False"};
    if (value->kind == LANES_PICKLE_STRING) {
        lanes_repr_add_string(repr, bytes, value->b);
    } else if (value->kind == LANES_PICKLE_BYTES) {
        lanes_repr_add_bytes(repr, bytes, value->b);
    } else if (value->kind == LANES_PICKLE_FLOAT) {
        add_float(machine, value, repr);
    } else if (value->kind == LANES_PICKLE_GLOBAL) {
        add_class_name(machine, value, repr);
    } else if (value->kind >= LANES_PICKLE_NONE && value->kind <= LANES_PICKLE_FALSE) {
        lanes_repr_add(repr, words[value->kind]);
    } else if (value->kind == LANES_PICKLE_TUPLE && depth < DEPTH_MAX) {
        lanes_repr_add(repr, "(");
        add_items(machine, value, repr, depth + 1);
        lanes_repr_add(repr, value->b == 1 ? ",)" : ")");
    } else if ((value->kind == LANES_PICKLE_CALL || value->kind == LANES_PICKLE_NEW) &&
               depth < DEPTH_MAX) {
        add_object(machine, value, repr, depth + 1);
    } else if ((value->kind != LANES_PICKLE_UNSIGNED &&
                value->kind != LANES_PICKLE_SIGNED) ||
               !add_integer(machine, value, repr)) {
        lanes_repr_add(repr, "...");
    }
}

static const lanes_pickle_value *part_of(const lanes_pickle_machine *machine,
                                         const lanes_pickle_value *tuple, uint32_t count,
                                         uint32_t index)
{
    return tuple->kind == LANES_PICKLE_TUPLE && tuple->b == count
               ? item_of(machine, tuple, index)
               : NULL;
}

/* "f (file.py:12)" of (function, path, line). */
static void describe_location(const lanes_pickle_machine *machine,
                              const lanes_pickle_value *location, lanes_repr *repr)
{
    const lanes_pickle_value *function = part_of(machine, location, 3, 0);
    const lanes_pickle_value *path = part_of(machine, location, 3, 1);
    const lanes_pickle_value *line = part_of(machine, location, 3, 2);
    if (function == NULL || function->kind != LANES_PICKLE_STRING ||
        path->kind != LANES_PICKLE_STRING) {
        return;
    }
    const unsigned char *text = machine->pickle + path->a;
    size_t start = path->b;
    while (start > 0 && text[start - 1] != '/' && text[start - 1] != '\\') {
        start--;
    }
    lanes_repr_add_name(repr, machine->pickle + function->a, function->b);
    lanes_repr_add(repr, " (");
    lanes_repr_add_name(repr, text + start, path->b - start);
    lanes_repr_add(repr, ":");
    add_value(machine, line, repr, DEPTH_MAX);
    lanes_repr_add(repr, ")");
}

static bool describe(const lanes_pickle_machine *machine, uint32_t result,
                     lanes_pickle_exception *out)
{
    const lanes_pickle_value *whole = value_of(machine, result);
    const lanes_pickle_value *class = part_of(machine, whole, 3, 0);
    const lanes_pickle_value *arguments = part_of(machine, whole, 3, 1);
    const lanes_pickle_value *location = part_of(machine, whole, 3, 2);
    if (class == NULL || arguments->kind != LANES_PICKLE_TUPLE) {
        return false;
    }
    lanes_repr type = lanes_repr_begin(out->type, sizeof(out->type));
    lanes_repr message = lanes_repr_begin(out->message, sizeof(out->message));
    lanes_repr place = lanes_repr_begin(out->location, sizeof(out->location));
    message.is_pattern = true;
    if (class->kind == LANES_PICKLE_NONE) { /* a bare `raise` outside of `except` */
        lanes_repr_add(&type, "RuntimeError");
        lanes_repr_add(&message, "'No active exception to reraise'");
    } else if (class->kind == LANES_PICKLE_GLOBAL || class->kind == LANES_PICKLE_CALL) {
        add_class_name(machine, class, &type);
        add_items(machine, arguments, &message, 0);
    } else {
        return false;
    }
    describe_location(machine, location, &place);
    for (uint32_t i = 0; i < arguments->b; i++) {
        out->computed_count += is_computed(machine, item_of(machine, arguments, i));
    }
    return true;
}

/* Length of the UTF-8 in text[0..bytes) that fits @p room and ends with a character. */
static size_t cut(const unsigned char *text, size_t bytes, size_t room)
{
    size_t length = bytes < room ? bytes : room;
    while (length < bytes && length > 0 && (text[length] & 0xc0) == 0x80) {
        length--;
    }
    return length;
}

/* Python pickles surrogates like characters; strict UTF-8 has none. Same length. */
static void replace_surrogates(unsigned char *text, size_t bytes)
{
    static const unsigned char replacement[3] = {0xef, 0xbf, 0xbd}; /* U+FFFD */
    for (size_t i = 0; i + 2 < bytes; i++) {
        if (text[i] == 0xed && text[i + 1] >= 0xa0) {
            memcpy(text + i, replacement, sizeof(replacement));
        }
    }
}

bool lanes_pickle_read_string(const unsigned char *pickle, size_t bytes,
                              unsigned char *out_text, size_t room, size_t *out_bytes,
                              bool *out_is_cut)
{
    if (!lanes_pickle_is_likely(pickle, bytes) || bytes > UINT32_MAX) {
        return false;
    }
    lanes_pickle_machine machine = {.pickle = pickle, .bytes = (uint32_t)bytes};
    uint32_t result;
    bool is_string = lanes_pickle_machine_run(&machine, &result) &&
                     value_of(&machine, result)->kind == LANES_PICKLE_STRING;
    const lanes_pickle_value *string = is_string ? value_of(&machine, result) : NULL;
    const unsigned char *text = is_string ? pickle + string->a : pickle;
    is_string = is_string && lanes_repr_is_utf8(text, string->b);
    if (is_string) {
        const size_t length = cut(text, string->b, room);
        memcpy(out_text, text, length);
        replace_surrogates(out_text, length);
        *out_bytes = length;
        *out_is_cut = length < string->b;
    }
    lanes_pickle_machine_deinit(&machine);
    return is_string;
}

bool lanes_pickle_is_likely(const unsigned char *pickle, size_t bytes)
{
    return bytes >= 3 && pickle[0] == 0x80 && pickle[1] >= 2 && pickle[1] <= 5 &&
           pickle[bytes - 1] == '.';
}

bool lanes_pickle_read_exception(const unsigned char *pickle, size_t bytes,
                                 lanes_pickle_exception *out_exception)
{
    *out_exception = (lanes_pickle_exception){0};
    if (!lanes_pickle_is_likely(pickle, bytes) || bytes > UINT32_MAX) {
        return false;
    }
    lanes_pickle_machine machine = {.pickle = pickle, .bytes = (uint32_t)bytes};
    uint32_t result;
    const bool is_read = lanes_pickle_machine_run(&machine, &result) &&
                         describe(&machine, result, out_exception);
    lanes_pickle_machine_deinit(&machine);
    if (!is_read) {
        *out_exception = (lanes_pickle_exception){0};
    }
    return is_read;
}
