/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_chunk.c - what follows a call of the body whose elements can fail.
 *
 * The body leaves a byte for each element, and says whether any is set. Only then are the
 * bytes looked at, a chunk of them, while they are in the first-level cache. That also
 * says where old outputs are to be kept; so where outputs go past the caches, the body
 * makes them in scratch, and a chunk without failures is stored without having been read.
 */
#include "codegen/codegen_loop.h"

/* Whole blocks of every kind; few enough bytes of mask, and enough elements for the call.
 */
#define CHUNK_COUNT 2048u

/*
 * So few that the next chunk's loads are under way while one is stored: a sqrt that may
 * raise, over 20 M elements, runs at 0.95 of the speed of one that may not with 64 or
 * 128, at 0.91 with 512, at 0.7 with 4096, which is no faster than ordinary stores.
 */
#define STAGED_COUNT 128u

/* Bytes of the mask, or of an output, that are taken at once. */
#define MASK_STEP 32u
#define LINE      64u

_Static_assert(sizeof(lanes_loop_result) == 16, "the text below adds to two words");
_Static_assert(CHUNK_COUNT % LANES_CODEGEN_BLOCK_BYTES == 0, "a chunk is whole blocks");

uint32_t lanes_loop_chunk(const lanes_loop_text *t)
{
    if (!stages_outputs(t)) {
        return CHUNK_COUNT;
    }
    return t->cg->block > STAGED_COUNT ? t->cg->block : STAGED_COUNT;
}

/*
 * By vectors, written out: LLVM need not find them. A block's mask can be read to its
 * end, and what lies behind the count is left out by its bits. Blocks of one element end
 * where the client's mask does.
 */
void lanes_loop_put_collect(const lanes_loop_text *t)
{
    const uint32_t step = t->cg->block > 1 ? MASK_STEP : 1;
    fprintf(t->out,
            "declare i64 @llvm.ctpop.i64(i64)\n"
            "declare i64 @llvm.cttz.i64(i64, i1)\n"
            "define internal void @lanes.count(ptr %%mask, i64 %%count, i64 %%at, ptr "
            "%%result) #2 {\n"
            "entry:\n"
            "  br label %%loop\n"
            "loop:\n"
            "  %%i = phi i64 [ 0, %%entry ], [ %%next, %%loop ]\n"
            "  %%failed = phi i64 [ 0, %%entry ], [ %%failed.next, %%loop ]\n"
            "  %%first = phi i64 [ -1, %%entry ], [ %%first.next, %%loop ]\n"
            "  %%bytes.at = getelementptr i8, ptr %%mask, i64 %%i\n"
            "  %%bytes = load <%u x i8>, ptr %%bytes.at, align 1\n"
            "  %%is.bad = icmp ne <%u x i8> %%bytes, zeroinitializer\n"
            "  %%bits.narrow = bitcast <%u x i1> %%is.bad to i%u\n"
            "  %%bits.all = zext i%u %%bits.narrow to i64\n"
            "  %%left = sub i64 %%count, %%i\n"
            "  %%taken = call i64 @llvm.umin.i64(i64 %%left, i64 %u)\n"
            "  %%end.bit = shl i64 1, %%taken\n"
            "  %%valid = add i64 %%end.bit, -1\n"
            "  %%bits = and i64 %%bits.all, %%valid\n"
            "  %%more = call i64 @llvm.ctpop.i64(i64 %%bits)\n"
            "  %%failed.next = add i64 %%failed, %%more\n"
            "  %%lowest = call i64 @llvm.cttz.i64(i64 %%bits, i1 false)\n"
            "  %%here = add i64 %%i, %%lowest\n"
            "  %%none = icmp eq i64 %%bits, 0\n"
            "  %%candidate = select i1 %%none, i64 -1, i64 %%here\n"
            "  %%first.next = call i64 @llvm.umin.i64(i64 %%first, i64 %%candidate)\n"
            "  %%next = add i64 %%i, %u\n"
            "  %%is.more = icmp ult i64 %%next, %%count\n"
            "  br i1 %%is.more, label %%loop, label %%end, !llvm.loop !3\n",
            step, step, step, step, step, step, step);
    fputs("end:\n"
          "  %is.some = icmp ne i64 %failed.next, 0\n"
          "  br i1 %is.some, label %add, label %exit\n"
          "add:\n"
          "  %first.at = add i64 %at, %first.next\n"
          "  %failed.old = load i64, ptr %result\n"
          "  %failed.new = add i64 %failed.old, %failed.next\n"
          "  store i64 %failed.new, ptr %result\n"
          "  %slot = getelementptr i64, ptr %result, i64 1\n"
          "  %first.old = load i64, ptr %slot\n"
          "  %first.new = call i64 @llvm.umin.i64(i64 %first.old, i64 %first.at)\n"
          "  store i64 %first.new, ptr %slot\n"
          "  br label %exit\n"
          "exit:\n"
          "  ret void\n"
          "}\n\n"
          "define internal void @lanes.collect(i8 %any, ptr %mask, i64 %count, i64 %at, "
          "ptr %result) alwaysinline nounwind {\n"
          "  %some = icmp ne i8 %any, 0\n"
          "  br i1 %some, label %count.them, label %exit\n"
          "count.them:\n"
          "  call void @lanes.count(ptr %mask, i64 %count, i64 %at, ptr %result)\n"
          "  br label %exit\n"
          "exit:\n"
          "  ret void\n"
          "}\n\n",
          t->out);
}

/* lanes.flush(to, from, bytes): whole lines past the caches. */
static void put_flush(const lanes_loop_text *t)
{
    fprintf(t->out,
            "define internal void @lanes.flush(ptr %%to, ptr %%from, i64 %%bytes) #2 {\n"
            "entry:\n"
            "  br label %%loop\n"
            "loop:\n"
            "  %%i = phi i64 [ 0, %%entry ], [ %%next, %%loop ]\n"
            "  %%from.at = getelementptr i8, ptr %%from, i64 %%i\n"
            "  %%to.at = getelementptr i8, ptr %%to, i64 %%i\n"
            "  %%line = load <%u x i8>, ptr %%from.at, align %u\n"
            "  store <%u x i8> %%line, ptr %%to.at, align %u, !nontemporal !10\n"
            "  %%next = add i64 %%i, %u\n"
            "  %%is.more = icmp ult i64 %%next, %%bytes\n"
            "  br i1 %%is.more, label %%loop, label %%exit, !llvm.loop !3\n"
            "exit:\n"
            "  ret void\n"
            "}\n\n",
            LINE, LINE, LINE, LINE, LINE);
}

/* lanes.keep<k>(to, from, mask, count): element by element those that have not failed. */
static void put_keep(const lanes_loop_text *t, uint32_t k)
{
    fprintf(t->out,
            "define internal void @lanes.keep%u(ptr %%to, ptr %%from, ptr %%mask, i64 "
            "%%count) #2 {\n"
            "entry:\n"
            "  br label %%loop\n"
            "loop:\n"
            "  %%i = phi i64 [ 0, %%entry ], [ %%next, %%latch ]\n"
            "  %%mask.at = getelementptr i8, ptr %%mask, i64 %%i\n"
            "  %%byte = load i8, ptr %%mask.at\n"
            "  %%is.good = icmp eq i8 %%byte, 0\n"
            "  br i1 %%is.good, label %%good, label %%latch\n"
            "good:\n"
            "  %%from.at = getelementptr [%u x %s], ptr %%from, i64 %%i\n"
            "  %%to.at = getelementptr [%u x %s], ptr %%to, i64 %%i\n"
            "  %%value = load [%u x %s], ptr %%from.at\n"
            "  store [%u x %s] %%value, ptr %%to.at, align 1\n"
            "  br label %%latch\n"
            "latch:\n"
            "  %%next = add i64 %%i, 1\n"
            "  %%is.more = icmp ult i64 %%next, %%count\n"
            "  br i1 %%is.more, label %%loop, label %%exit, !llvm.loop !3\n"
            "exit:\n"
            "  ret void\n"
            "}\n\n",
            k, parts(t, k), storage(t, k), parts(t, k), storage(t, k), parts(t, k),
            storage(t, k), parts(t, k), storage(t, k));
}

void lanes_loop_put_stage(const lanes_loop_text *t)
{
    put_flush(t);
    for (uint32_t k = t->input_count; k < t->operand_count; k++) {
        put_keep(t, k);
    }
}

void lanes_loop_put_unstage(const lanes_loop_text *t, const char *any, const char *to,
                            const char *from, const char *count, bool is_whole)
{
    fprintf(t->out,
            "  %%%s.is.none = icmp eq i8 %%%s, 0\n"
            "  br i1 %%%s.is.none, label %%%s.all, label %%%s.some\n"
            "%s.all:\n",
            any, any, any, any, any, any);
    for (uint32_t k = t->input_count; k < t->operand_count; k++) {
        fprintf(t->out, "  %%%s.bytes%u = mul i64 %%%s, %u\n", any, k, count,
                lanes_dtype_bytes(stored_dtype(t, k)));
        if (is_whole) {
            fprintf(t->out,
                    "  call void @lanes.flush(ptr %%%s%u, ptr %%%s%u, i64 "
                    "%%%s.bytes%u)\n",
                    to, k, from, k, any, k);
        } else {
            fprintf(t->out,
                    "  call void @llvm.memcpy.p0.p0.i64(ptr %%%s%u, ptr %%%s%u, i64 "
                    "%%%s.bytes%u, i1 false)\n",
                    to, k, from, k, any, k);
        }
    }
    fprintf(t->out,
            "  br label %%%s.stored\n"
            "%s.some:\n",
            any, any);
    for (uint32_t k = t->input_count; k < t->operand_count; k++) {
        fprintf(t->out,
                "  call void @lanes.keep%u(ptr %%%s%u, ptr %%%s%u, ptr %%%s, i64 "
                "%%%s)\n",
                k, to, k, from, k, is_whole ? "cmask" : "smask", count);
    }
    fprintf(t->out,
            "  br label %%%s.stored\n"
            "%s.stored:\n",
            any, any);
}
