/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_team.h - the team's size and other settings, which can change.
 */
#ifndef LANES_SERVER_TEAM_H
#define LANES_SERVER_TEAM_H

#include "server/server.h"
#include "server/server_code.h"
#include "server/server_mail.h"

/** The team's size, which can change (server_team.c). */
typedef struct lanes_server_team {
    /* Control. */
    lanes_topo_options topo;
    uint64_t budget;             /* lanes_topo_budget() when the plan was made */
    const lanes_topo_plan *plan; /* of the team */
    lanes_topo_plan *owned;      /* the same, if we have made it; else NULL */
    lanes_topo_plan *next;       /* dispatch is to have; NULL: none */
    uint32_t threads;            /* of the team, for those who ask */
    bool has_settings;           /* that wait until dispatch has it */
    lanes_server_settings settings;
    uint64_t code_bytes; /* at first that of the options; and this */
    uint64_t cache_bytes;
    lanes_server_mail change; /* to dispatch, about next; and back */
    /* Dispatch, before PLAN_TAKEN. */
    const lanes_topo_plan *entered;
    lanes_error error; /* why that is not the one control wanted */
    /* Both; release. */
    uint32_t is_asked; /* `look` is on its way */
    lanes_server_mail look;
} lanes_server_team;

/** Control: the first team has started. */
void lanes_server_team_start(lanes_server *server);

/** Control: has what the team may use changed? Then it is to change, too. */
void lanes_server_team_look(lanes_server *server);

/** Control: dispatch has entered a team after LANES_MAIL_PLAN. */
void lanes_server_team_changed(lanes_server *server);

/** Control, after dispatch has ended: free the plans. */
void lanes_server_team_clear(lanes_server *server);

/** Control: have the settings read again, and apply all or none. */
void lanes_server_reload(lanes_server *server);

/** Dispatch: there was work; asks control to look from time to time. */
void lanes_server_team_note_work(lanes_server *server);

/** Body of the dispatch thread: enters one team after the other. */
void *lanes_server_team_main(void *ctx);

#endif /* LANES_SERVER_TEAM_H */
