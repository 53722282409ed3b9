/* SPDX-License-Identifier: Apache-2.0 */
/*
 * abi_dump.c - prints size and field offsets of every struct of abi.h, its constants and
 * the status codes. compare_layout.cmake compares the output with abi_layout.txt; other
 * languages' mirrors of the layout can be checked against that file.
 */
#include <lanes/abi.h>

#include <stdio.h>

#define STRUCT(type) printf("struct %s size %zu\n", #type, sizeof(type))
#define FIELD(type, field)                                                               \
    printf("    %-20s offset %4zu size %zu\n", #field, offsetof(type, field),            \
           sizeof(((type *)0)->field))
#define CONSTANT(name) printf("%s %llu\n", #name, (unsigned long long)(name))

static void dump_constants(void)
{
    CONSTANT(LANES_ABI_MAGIC);
    CONSTANT(LANES_ABI_VERSION);
    CONSTANT(LANES_OPERANDS_MAX);
    CONSTANT(LANES_DIMENSIONS_MAX);
    CONSTANT(LANES_COUNT_MAX);
    CONSTANT(LANES_SEGMENTS_MAX);
    CONSTANT(LANES_KERNELS_MAX);
    CONSTANT(LANES_IR_BYTES_MAX);
    CONSTANT(LANES_ENTRY_NAME_MAX);
    CONSTANT(LANES_SIGNATURE_TEXT_MAX);
    CONSTANT(LANES_SEGMENT_BYTES_MAX);
    CONSTANT(LANES_FUSION_NODES_MAX);
    CONSTANT(LANES_FUSION_INPUT);
    CONSTANT(LANES_ABI_ENTRIES);
    CONSTANT(LANES_ABI_ARGUMENT_BYTES);
    CONSTANT(LANES_ABI_TEXT_BYTES);
    CONSTANT(LANES_ABI_WAIT_FUTEX);
    CONSTANT(LANES_ABI_WAIT_EVENT);
    CONSTANT(LANES_ABI_OP_MAP);
    CONSTANT(LANES_ABI_SEGMENT_READ_ONLY);
    CONSTANT(LANES_ABI_SEGMENT_SPARSE);
    CONSTANT(LANES_ABI_KERNEL_STAGES);
    CONSTANT(LANES_ABI_MESSAGE_MAX);
    CONSTANT(LANES_ABI_FDS_MAX);
    CONSTANT(LANES_ABI_U_ENTRIES);
    CONSTANT(LANES_ABI_U_ARGUMENTS);
    CONSTANT(LANES_ABI_U_BYTES);
    CONSTANT(LANES_ABI_K_STARTED);
    CONSTANT(LANES_ABI_K_COMPLETIONS);
    CONSTANT(LANES_ABI_K_DETAILS);
    CONSTANT(LANES_ABI_K_BYTES);
    CONSTANT(LANES_ABI_HELLO);
    CONSTANT(LANES_ABI_SEGMENT_CREATE);
    CONSTANT(LANES_ABI_SEGMENT_ATTACH);
    CONSTANT(LANES_ABI_SEGMENT_RELEASE);
    CONSTANT(LANES_ABI_KERNEL_LOAD);
    CONSTANT(LANES_ABI_KERNEL_REPORT);
    CONSTANT(LANES_ABI_KERNEL_RELEASE);
    CONSTANT(LANES_ABI_STATS);
    CONSTANT(LANES_ABI_SESSION_CANCEL);
    CONSTANT(LANES_ABI_CANCEL_ALL);
    CONSTANT(LANES_STRATEGY_LOOP);
    CONSTANT(LANES_MATH_VECTOR);
    CONSTANT(LANES_MATH_EXACT);
}

static void dump_choices(void)
{
    CONSTANT(LANES_CONVENTION_AUTO);
    CONSTANT(LANES_CONVENTION_NUMBA);
    CONSTANT(LANES_CONVENTION_C);
    CONSTANT(LANES_CONVENTION_C_OUT);
    CONSTANT(LANES_CONVENTION_SCIPY);
    CONSTANT(LANES_FP_STRICT);
    CONSTANT(LANES_FP_REASSOC);
    CONSTANT(LANES_FP_NNAN);
    CONSTANT(LANES_FP_NINF);
    CONSTANT(LANES_FP_NSZ);
    CONSTANT(LANES_FP_ARCP);
    CONSTANT(LANES_FP_CONTRACT);
    CONSTANT(LANES_FP_AFN);
    CONSTANT(LANES_FP_FAST);
    CONSTANT(LANES_CASTING_NO);
    CONSTANT(LANES_CASTING_SAFE);
    CONSTANT(LANES_CASTING_SAME_KIND);
    CONSTANT(LANES_CASTING_UNSAFE);
    CONSTANT(LANES_ABI_BATCH_WHERE);
    CONSTANT(LANES_ABI_BATCH_FLUSH);
    CONSTANT(LANES_REDUCE_NONE);
    CONSTANT(LANES_REDUCE_SUM);
    CONSTANT(LANES_REDUCE_PROD);
    CONSTANT(LANES_REDUCE_MIN);
    CONSTANT(LANES_REDUCE_MAX);
    CONSTANT(LANES_REDUCE_ANY);
    CONSTANT(LANES_REDUCE_ALL);
    CONSTANT(LANES_REDUCE_ARGMIN);
    CONSTANT(LANES_REDUCE_ARGMAX);
    CONSTANT(LANES_REDUCE_KERNEL);
    CONSTANT(LANES_REDUCE_SCAN);
    CONSTANT(LANES_FP_FLAG_DIVIDE);
    CONSTANT(LANES_FP_FLAG_OVERFLOW);
    CONSTANT(LANES_FP_FLAG_UNDERFLOW);
    CONSTANT(LANES_FP_FLAG_INVALID);
    CONSTANT(LANES_PRIORITY_NORMAL);
    CONSTANT(LANES_PRIORITY_LOW);
    CONSTANT(LANES_PRIORITY_HIGH);
    CONSTANT(LANES_ERRORS_RAISE);
    CONSTANT(LANES_ERRORS_MASK);
    CONSTANT(LANES_ERRORS_IGNORE);
    CONSTANT(LANES_RAISED_NONE);
    CONSTANT(LANES_RAISED_EXCEPTION);
    CONSTANT(LANES_RAISED_ZERO_DIVISION);
    CONSTANT(LANES_RAISED_OVERFLOW);
    CONSTANT(LANES_RAISED_FATAL);
    CONSTANT(LANES_RAISED_UNKNOWN);
    CONSTANT(LANES_RAISED_ITEMS_MAX);
    CONSTANT(LANES_RAISED_DATA_BYTES);
    CONSTANT(LANES_RAISED_ITEM_UNKNOWN);
    CONSTANT(LANES_RAISED_ITEM_NONE);
    CONSTANT(LANES_RAISED_ITEM_TUPLE);
    CONSTANT(LANES_RAISED_ITEM_TEXT);
    CONSTANT(LANES_RAISED_ITEM_TEXT_CUT);
    CONSTANT(LANES_PAYLOAD_NONE);
    CONSTANT(LANES_PAYLOAD_TEXT);
    CONSTANT(LANES_PAYLOAD_BITCODE);
}

static void dump_tables(void)
{
#define DTYPE_ROW(name, code, letters, bytes)                                            \
    printf("dtype %s code %d bytes %d\n", letters, code, bytes);
    LANES_DTYPE_TABLE(DTYPE_ROW)
#undef DTYPE_ROW
#define STATUS_ROW(name, value, text) printf("status %s %d\n", #name, -(value));
    LANES_STATUS_TABLE(STATUS_ROW)
#undef STATUS_ROW
}

static void dump_pages(void)
{
    STRUCT(lanes_abi_client_page);
    FIELD(lanes_abi_client_page, submit_tail);
    FIELD(lanes_abi_client_page, complete_head);
    FIELD(lanes_abi_client_page, client_waiting);
    STRUCT(lanes_abi_executor_page);
    FIELD(lanes_abi_executor_page, magic);
    FIELD(lanes_abi_executor_page, version);
    FIELD(lanes_abi_executor_page, entries);
    FIELD(lanes_abi_executor_page, submit_head);
    FIELD(lanes_abi_executor_page, complete_tail);
    FIELD(lanes_abi_executor_page, executor_sleeping);
    FIELD(lanes_abi_executor_page, closed);
    FIELD(lanes_abi_executor_page, leader_cpu);
    FIELD(lanes_abi_executor_page, team_threads);
}

static void dump_slots(void)
{
    STRUCT(lanes_abi_entry);
    FIELD(lanes_abi_entry, opcode);
    FIELD(lanes_abi_entry, errors);
    FIELD(lanes_abi_entry, kernel_slot);
    FIELD(lanes_abi_entry, kernel_generation);
    FIELD(lanes_abi_entry, tag);
    FIELD(lanes_abi_entry, submitted_ns);
    FIELD(lanes_abi_entry, argument_words);
    FIELD(lanes_abi_entry, dimensions);
    FIELD(lanes_abi_entry, operand_count);
    FIELD(lanes_abi_entry, casting);
    FIELD(lanes_abi_entry, seed);
    FIELD(lanes_abi_entry, params_slot);
    FIELD(lanes_abi_entry, params_generation);
    FIELD(lanes_abi_entry, params_offset);
    FIELD(lanes_abi_entry, params_bytes);
    FIELD(lanes_abi_entry, flags);
    FIELD(lanes_abi_entry, reduce);
    FIELD(lanes_abi_entry, reduce_axes);
    FIELD(lanes_abi_entry, priority);
    FIELD(lanes_abi_entry, deadline_ns);
    FIELD(lanes_abi_entry, cookie);
    FIELD(lanes_abi_entry, fp_report);
    FIELD(lanes_abi_entry, fp_exact);
    FIELD(lanes_abi_entry, reserved);
    STRUCT(lanes_abi_operand);
    FIELD(lanes_abi_operand, segment_slot);
    FIELD(lanes_abi_operand, segment_generation);
    FIELD(lanes_abi_operand, offset);
    FIELD(lanes_abi_operand, dtype);
    FIELD(lanes_abi_operand, row_count);
    STRUCT(lanes_abi_raised_item);
    FIELD(lanes_abi_raised_item, type);
    FIELD(lanes_abi_raised_item, count);
    FIELD(lanes_abi_raised_item, offset);
    FIELD(lanes_abi_raised_item, bytes);
    STRUCT(lanes_abi_raised);
    FIELD(lanes_abi_raised, kind);
    FIELD(lanes_abi_raised, payload_form);
    FIELD(lanes_abi_raised, payload_offset);
    FIELD(lanes_abi_raised, payload_bytes);
    FIELD(lanes_abi_raised, argument_count);
    FIELD(lanes_abi_raised, item_count);
    FIELD(lanes_abi_raised, node);
    FIELD(lanes_abi_raised, reserved);
    FIELD(lanes_abi_raised, item);
    FIELD(lanes_abi_raised, data);
    STRUCT(lanes_abi_detail);
    FIELD(lanes_abi_detail, text);
    FIELD(lanes_abi_detail, raised);
    STRUCT(lanes_abi_completion);
    FIELD(lanes_abi_completion, tag);
    FIELD(lanes_abi_completion, status);
    FIELD(lanes_abi_completion, flags);
    FIELD(lanes_abi_completion, failed);
    FIELD(lanes_abi_completion, first_failed);
    FIELD(lanes_abi_completion, elements);
    FIELD(lanes_abi_completion, queued_ns);
    FIELD(lanes_abi_completion, run_ns);
    FIELD(lanes_abi_completion, compile_ns);
    FIELD(lanes_abi_completion, tiles);
    FIELD(lanes_abi_completion, threads);
    FIELD(lanes_abi_completion, strategy);
    FIELD(lanes_abi_completion, vector_width);
    FIELD(lanes_abi_completion, cookie);
    FIELD(lanes_abi_completion, fp_first);
    FIELD(lanes_abi_completion, fp_raised);
    FIELD(lanes_abi_completion, reserved32);
    FIELD(lanes_abi_completion, reserved);
}

static void dump_executor_messages(void)
{
    STRUCT(lanes_abi_stats);
    FIELD(lanes_abi_stats, header);
    FIELD(lanes_abi_stats, bytes);
    STRUCT(lanes_abi_session_cancel);
    FIELD(lanes_abi_session_cancel, header);
    FIELD(lanes_abi_session_cancel, tag);
    FIELD(lanes_abi_session_cancel, session);
    FIELD(lanes_abi_session_cancel, flags);
    FIELD(lanes_abi_session_cancel, in_flight);
    FIELD(lanes_abi_session_cancel, reserved);
}

static void dump_messages(void)
{
    STRUCT(lanes_abi_header);
    FIELD(lanes_abi_header, type);
    FIELD(lanes_abi_header, sequence);
    FIELD(lanes_abi_header, status);
    FIELD(lanes_abi_header, bytes);
    STRUCT(lanes_abi_failure);
    FIELD(lanes_abi_failure, header);
    FIELD(lanes_abi_failure, message);
    STRUCT(lanes_abi_id);
    FIELD(lanes_abi_id, slot);
    FIELD(lanes_abi_id, generation);
    STRUCT(lanes_abi_hello);
    FIELD(lanes_abi_hello, header);
    FIELD(lanes_abi_hello, magic);
    FIELD(lanes_abi_hello, version);
    FIELD(lanes_abi_hello, executor_pid);
    FIELD(lanes_abi_hello, threads);
    FIELD(lanes_abi_hello, reserved);
    STRUCT(lanes_abi_segment);
    FIELD(lanes_abi_segment, header);
    FIELD(lanes_abi_segment, id);
    FIELD(lanes_abi_segment, bytes);
    FIELD(lanes_abi_segment, flags);
    FIELD(lanes_abi_segment, reserved);
    STRUCT(lanes_abi_kernel_load);
    FIELD(lanes_abi_kernel_load, header);
    FIELD(lanes_abi_kernel_load, ir_bytes);
    FIELD(lanes_abi_kernel_load, flags);
    FIELD(lanes_abi_kernel_load, math);
    FIELD(lanes_abi_kernel_load, convention);
    FIELD(lanes_abi_kernel_load, fp);
    FIELD(lanes_abi_kernel_load, entry);
    FIELD(lanes_abi_kernel_load, signature);
    STRUCT(lanes_abi_source);
    FIELD(lanes_abi_source, node);
    FIELD(lanes_abi_source, index);
    STRUCT(lanes_abi_fusion_node);
    FIELD(lanes_abi_fusion_node, kernel);
    FIELD(lanes_abi_fusion_node, input);
    STRUCT(lanes_abi_kernel_fuse);
    FIELD(lanes_abi_kernel_fuse, header);
    FIELD(lanes_abi_kernel_fuse, flags);
    FIELD(lanes_abi_kernel_fuse, node_count);
    FIELD(lanes_abi_kernel_fuse, output_count);
    FIELD(lanes_abi_kernel_fuse, reserved);
    FIELD(lanes_abi_kernel_fuse, node);
    FIELD(lanes_abi_kernel_fuse, output);
    STRUCT(lanes_abi_cancel);
    FIELD(lanes_abi_cancel, header);
    FIELD(lanes_abi_cancel, tag);
    STRUCT(lanes_abi_kernel);
    FIELD(lanes_abi_kernel, header);
    FIELD(lanes_abi_kernel, id);
    FIELD(lanes_abi_kernel, report_bytes);
    FIELD(lanes_abi_kernel, compile_ns);
    FIELD(lanes_abi_kernel, input_count);
    FIELD(lanes_abi_kernel, output_count);
    FIELD(lanes_abi_kernel, dtype);
    FIELD(lanes_abi_kernel, row_mask);
    FIELD(lanes_abi_kernel, has_params);
    FIELD(lanes_abi_kernel, params_bytes);
}

int main(void)
{
    dump_constants();
    dump_choices();
    dump_tables();
    dump_pages();
    dump_slots();
    dump_messages();
    dump_executor_messages();
    return 0;
}
