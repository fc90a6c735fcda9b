/* SPDX-License-Identifier: Apache-2.0 */
#include "server/offload.h"

#include "base/mem.h"
#include "base/mem_owner.h"
#include "server/net/clock.h"

struct job {
    uv_work_t handle;
    struct tg_offload *offload;
    tg_offload_fn *work;
    tg_offload_fn *done;
    void *arg;
};

static void on_work(uv_work_t *handle)
{
    struct job *job = handle->data;

    job->work(job->arg);
    tg_mem_publish();
    tg_mem_wipe_registers(); /* the thread sleeps now */
}

static void on_done(uv_work_t *handle, int status)
{
    struct job *job = handle->data;
    struct tg_offload *o = job->offload;

    (void)status; /* jobs are never cancelled */
    (void)atomic_fetch_sub_explicit(o->pending_total, 1, memory_order_relaxed);
    tg_clock_tick(o->env);
    job->done(job->arg);
    tg_mem_free(job);
}

/* spec: protocol/6#verified-off-the-loop */
enum tg_err tg_offload_run(struct tg_offload *o, tg_offload_fn *work, tg_offload_fn *done,
                           void *arg)
{
    size_t pending = atomic_fetch_add_explicit(o->pending_total, 1, memory_order_relaxed);
    struct job *job = pending < TG_OFFLOADS_MAX ? tg_mem_calloc(1, sizeof(*job)) : NULL;

    if (job != NULL) {
        *job = (struct job){ .offload = o, .work = work, .done = done, .arg = arg };
        job->handle.data = job;
        if (uv_queue_work(o->loop, &job->handle, on_work, on_done) == 0) {
            return TG_OK;
        }
        tg_mem_free(job);
    }
    (void)atomic_fetch_sub_explicit(o->pending_total, 1, memory_order_relaxed);
    return pending < TG_OFFLOADS_MAX ? TG_E_NOMEM : TG_E_FULL;
}
