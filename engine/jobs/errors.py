"""What can happen to a job, in words for the person who started it."""

from __future__ import annotations

from engine.errors import N_, JobError


class QueueFull(JobError):
    code = "QUEUE_FULL"
    message = N_("{waiting} jobs are waiting already; at most {limit} may wait.")
    remedy = N_("Wait until one has started, or cancel one that you no longer need.")


class UnknownWork(JobError):
    code = "UNKNOWN_WORK"
    message = N_("This version of Bentu does not know work of the kind “{kind}”.")
    remedy = N_("Update Bentu, then start it again.")


class NotResumable(JobError):
    code = "NOT_RESUMABLE"
    message = N_("Only a job that failed can be resumed; this one is {state}.")
    remedy = N_("Start a new one, or clone it with other settings.")


class Cancelled(JobError):
    code = "CANCELLED"
    message = N_("The job was cancelled.")
    remedy = N_("Start it again, or clone it with other settings.")


class LeaseLost(JobError):
    code = "LEASE_LOST"
    message = N_("Another process has taken this job over; this one stopped without writing anything.")
    remedy = N_("Follow the job on its page; it goes on there.")


class OutOfMemory(JobError):
    code = "OUT_OF_MEMORY"
    message = N_("The job needed more memory than there is.")
    remedy = N_(
        "Choose a smaller model, fewer features or a smaller batch, close other programs, or use fewer rows; then start it again."
    )


class JobPoisoned(JobError):
    code = "JOB_POISONED"
    message = N_("The job's process died {attempts} times, the last time by {detail}; it is not tried again.")
    remedy = N_(
        "Read the end of the log. Change the settings and start it again, or resume it once the cause is gone."
    )


class JobHung(JobError):
    code = "JOB_HUNG"
    message = N_("The job showed no progress for {minutes} minutes, twice; it is not tried again.")
    remedy = N_(
        "Read the end of the log, which shows where it stood. Use less data or a smaller model, then start it again."
    )


class StopTimedOut(JobError):
    code = "STOP_TIMED_OUT"
    message = N_(
        "The job was asked to stop and keep the best, but for {seconds} seconds it neither ended nor computed anything."
    )
    remedy = N_("Resume it from its last checkpoint, or discard it.")
