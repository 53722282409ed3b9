/* SPDX-License-Identifier: Apache-2.0 */
/*
 * topo_plan.c - hwloc's view of the machine -> places, caches; binding.
 *
 * hwloc leaves out what the cpuset cgroup forbids; the affinity mask is intersected here.
 */
#include "topo/topo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topo/topo_internal.h"

static struct lanes_topo_owner *owner_of(lanes_topo_plan *plan)
{
    return LANES_CONTAINER_OF(plan, struct lanes_topo_owner, plan);
}

static lanes_status load_topology(struct lanes_topo_owner *owner,
                                  const lanes_topo_options *options, lanes_error *err)
{
    if (hwloc_topology_init(&owner->topology) != 0) {
        owner->topology = NULL;
        return lanes_error_set(err, -ENOMEM, "hwloc could not be initialised");
    }
    if (options->synthetic != NULL &&
        hwloc_topology_set_synthetic(owner->topology, options->synthetic) != 0) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "'%s' is not an hwloc synthetic topology",
                               options->synthetic);
    }
    if (hwloc_topology_load(owner->topology) != 0) {
        return lanes_error_errno(err, errno,
                                 "hwloc could not read this machine's topology");
    }
    owner->plan.is_this_system = hwloc_topology_is_thissystem(owner->topology) == 1;
    return LANES_OK;
}

static lanes_status find_allowed(struct lanes_topo_owner *owner, lanes_error *err)
{
    owner->allowed = hwloc_bitmap_dup(hwloc_topology_get_allowed_cpuset(owner->topology));
    hwloc_bitmap_t affinity = hwloc_bitmap_alloc();
    lanes_status status = LANES_OK;
    if (owner->allowed == NULL || affinity == NULL) {
        status = lanes_error_set(err, -ENOMEM, "no memory for a CPU set");
    } else if (owner->plan.is_this_system &&
               hwloc_get_cpubind(owner->topology, affinity, HWLOC_CPUBIND_THREAD) == 0) {
        hwloc_bitmap_and(owner->allowed, owner->allowed, affinity);
    }
    hwloc_bitmap_free(affinity);
    if (status == LANES_OK && hwloc_bitmap_iszero(owner->allowed)) {
        status = lanes_error_set(err, -ENODEV, "no CPU is allowed for this process");
    }
    return status;
}

/*
 * The node nearest to @p core: of those around it the one around the fewest CPUs, and of
 * several the first, as where fast memory is beside the usual one. hwloc counts nodes
 * without CPUs, and those of the whole machine, as every core's.
 */
static uint32_t nearest_node(const struct lanes_topo_owner *owner, hwloc_obj_t core)
{
    hwloc_obj_t nearest = NULL;
    hwloc_obj_t node = NULL;
    while ((node = hwloc_get_next_obj_by_type(owner->topology, HWLOC_OBJ_NUMANODE,
                                              node)) != NULL) {
        if (!hwloc_bitmap_isincluded(core->cpuset, node->cpuset)) {
            continue;
        }
        if (nearest == NULL ||
            hwloc_bitmap_weight(node->cpuset) < hwloc_bitmap_weight(nearest->cpuset)) {
            nearest = node;
        }
    }
    if (nearest != NULL) {
        return nearest->os_index;
    }
    const int first = hwloc_bitmap_first(core->nodeset);
    return first < 0 ? 0 : (uint32_t)first;
}

static void add_place(struct lanes_topo_owner *owner, hwloc_obj_t core, uint32_t pu)
{
    lanes_topo_plan *plan = &owner->plan;
    if (plan->count < LANES_PLACES_MAX) {
        plan->place[plan->count++] = (lanes_topo_place){
            .pu = pu,
            .core = core->logical_index,
            .node = nearest_node(owner, core),
        };
    }
}

void lanes_topo_group_places(lanes_topo_plan *plan)
{
    for (uint32_t i = 1; i < plan->count; i++) {
        const lanes_topo_place place = plan->place[i];
        uint32_t to = i; /* behind the last of its node */
        while (to > 0 && plan->place[to - 1].node != place.node) {
            to--;
        }
        if (to > 0) {
            memmove(&plan->place[to + 1], &plan->place[to],
                    (i - to) * sizeof(plan->place[0]));
            plan->place[to] = place;
        }
    }
}

static void add_core(struct lanes_topo_owner *owner, hwloc_obj_t core, bool use_smt)
{
    for (int pu = hwloc_bitmap_first(core->cpuset); pu >= 0;
         pu = hwloc_bitmap_next(core->cpuset, pu)) {
        if (hwloc_bitmap_isset(owner->allowed, (unsigned int)pu)) {
            add_place(owner, core, (uint32_t)pu);
            if (!use_smt) {
                return;
            }
        }
    }
}

/* One place per allowed core, or with SMT per allowed hardware thread, in logical order.
 */
static void collect_places(struct lanes_topo_owner *owner, bool use_smt)
{
    hwloc_topology_t topology = owner->topology;
    hwloc_obj_type_t type = HWLOC_OBJ_CORE;
    if (hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE) <= 0) {
        type = HWLOC_OBJ_PU; /* some virtual machines report no cores */
    }
    for (hwloc_obj_t core = hwloc_get_next_obj_by_type(topology, type, NULL);
         core != NULL; core = hwloc_get_next_obj_by_type(topology, type, core)) {
        add_core(owner, core, use_smt);
    }
}

static void limit_places(lanes_topo_plan *plan, const lanes_topo_options *options)
{
    snprintf(plan->limited_by, sizeof(plan->limited_by), "%u allowed %s", plan->count,
             options->use_smt ? "hardware threads" : "cores");
    const uint32_t cgroup_cpus = lanes_topo_cgroup_limit(options);
    if (cgroup_cpus != 0 && cgroup_cpus < plan->count) {
        snprintf(plan->limited_by, sizeof(plan->limited_by),
                 "cgroup cpu.max = %u CPUs (%u allowed)", cgroup_cpus, plan->count);
        plan->count = cgroup_cpus;
    }
    if (options->threads != 0 && options->threads < plan->count) {
        snprintf(plan->limited_by, sizeof(plan->limited_by), "option threads = %u",
                 options->threads);
        plan->count = options->threads;
    }
}

static uint64_t cache_bytes(hwloc_obj_t cache)
{
    return cache->attr != NULL ? cache->attr->cache.size : 0;
}

/* The outermost data or unified cache over @p pu. */
static hwloc_obj_t last_level_cache(hwloc_topology_t topology, uint32_t pu)
{
    hwloc_obj_t last = NULL;
    for (hwloc_obj_t object = hwloc_get_pu_obj_by_os_index(topology, pu); object != NULL;
         object = object->parent) {
        if (hwloc_obj_type_is_dcache(object->type)) {
            last = object;
        }
    }
    return last;
}

static void measure_caches(struct lanes_topo_owner *owner)
{
    lanes_topo_plan *plan = &owner->plan;
    hwloc_topology_t topology = owner->topology;
    hwloc_obj_t previous = NULL;
    for (uint32_t i = 0; i < plan->count; i++) {
        /* Places are in logical order, so those under one cache follow each other. */
        hwloc_obj_t last = last_level_cache(topology, plan->place[i].pu);
        if (last != NULL && last != previous) {
            plan->last_level_cache_bytes += cache_bytes(last);
        }
        previous = last;
    }
    hwloc_obj_t pu = hwloc_get_pu_obj_by_os_index(topology, plan->place[0].pu);
    hwloc_obj_t l2 =
        pu == NULL ? NULL
                   : hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_L2CACHE, pu);
    if (l2 != NULL) {
        const int cores =
            hwloc_get_nbobjs_inside_cpuset_by_type(topology, l2->cpuset, HWLOC_OBJ_CORE);
        plan->core_cache_bytes = cache_bytes(l2) / (cores > 1 ? (uint64_t)cores : 1u);
    }
}

static lanes_status fill_plan(struct lanes_topo_owner *owner,
                              const lanes_topo_options *options, lanes_error *err)
{
    LANES_TRY(load_topology(owner, options, err));
    LANES_TRY(find_allowed(owner, err));
    collect_places(owner, options->use_smt != 0);
    if (owner->plan.count == 0) {
        return lanes_error_set(err, -ENODEV, "hwloc knows none of the allowed CPUs");
    }
    const int nodes = hwloc_get_nbobjs_by_type(owner->topology, HWLOC_OBJ_NUMANODE);
    owner->plan.node_count = nodes > 1 ? (uint32_t)nodes : 1;
    lanes_topo_group_places(&owner->plan);
    limit_places(&owner->plan, options);
    measure_caches(owner);
    return LANES_OK;
}

lanes_status lanes_topo_plan_create(const lanes_topo_options *options,
                                    lanes_topo_plan **out_plan, lanes_error *err)
{
    struct lanes_topo_owner *owner = calloc(1, sizeof(*owner));
    if (owner == NULL) {
        return lanes_error_set(err, -ENOMEM, "no memory for the plan of places");
    }
    const lanes_status status = fill_plan(owner, options, err);
    if (status < 0) {
        lanes_topo_plan_destroy(&owner->plan);
        return status;
    }
    *out_plan = &owner->plan;
    return LANES_OK;
}

bool lanes_topo_plan_is_same(const lanes_topo_plan *a, const lanes_topo_plan *b)
{
    /* A place is three numbers, without padding. */
    return a->count == b->count &&
           memcmp(a->place, b->place, a->count * sizeof(a->place[0])) == 0;
}

void lanes_topo_plan_destroy(lanes_topo_plan *plan)
{
    if (plan == NULL) {
        return;
    }
    struct lanes_topo_owner *owner = owner_of(plan);
    hwloc_bitmap_free(owner->allowed);
    if (owner->topology != NULL) {
        hwloc_topology_destroy(owner->topology);
    }
    free(owner);
}

lanes_status lanes_topo_bind_thread(const lanes_topo_plan *plan, uint32_t index,
                                    lanes_error *err)
{
    LANES_ASSERT(index < plan->count);
    if (!plan->is_this_system) {
        return LANES_OK;
    }
    const struct lanes_topo_owner *owner = lanes_topo_owner_of(plan);
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    if (set == NULL || hwloc_bitmap_only(set, plan->place[index].pu) != 0) {
        hwloc_bitmap_free(set);
        return lanes_error_set(err, -ENOMEM, "no memory for a CPU set");
    }
    const int failed = hwloc_set_cpubind(owner->topology, set, HWLOC_CPUBIND_THREAD);
    const int error = errno;
    hwloc_bitmap_free(set);
    if (failed) {
        return lanes_error_errno(err, error, "thread %u cannot be bound to CPU %u", index,
                                 plan->place[index].pu);
    }
    return LANES_OK;
}
