<?php

namespace App\Console\Commands;

use App\Models\ActivityLog;
use Carbon\CarbonImmutable;
use Illuminate\Console\Events\ScheduledTaskFailed;
use Illuminate\Console\Events\ScheduledTaskFinished;
use Illuminate\Console\Scheduling\Schedule;
use Illuminate\Console\Scheduling\ScheduleRunCommand;
use Illuminate\Contracts\Debug\ExceptionHandler;
use Illuminate\Contracts\Events\Dispatcher;
use Illuminate\Support\Facades\Log;

/**
 * Laravel's schedule:run, which also writes each run into activity_logs with the minute it belongs to, and whose exit code
 * tells when a task failed.
 */
class RunSchedule extends ScheduleRunCommand
{
    public function handle(Schedule $schedule, Dispatcher $dispatcher, ExceptionHandler $handler)
    {
        $minute = self::minute(config('enstore.scheduler_job'), CarbonImmutable::now('UTC'));
        $tasks = [];
        $dispatcher->listen(ScheduledTaskFinished::class, function ($event) use (&$tasks) {
            $tasks[$event->task->description] = $event->task->exitCode === 0 ? 'ok' : 'failed';
        });
        $dispatcher->listen(ScheduledTaskFailed::class, function ($event) use (&$tasks) {
            $tasks[$event->task->description] = 'failed';
        });

        // Before the tasks: also a run that is cut off has been one.
        $log = ActivityLog::create(['type' => 'schedule.run', 'minute' => $minute, 'message' => "Scheduler run of {$minute}", 'context' => ['status' => 'running']]);
        parent::handle($schedule, $dispatcher, $handler);
        $failed = in_array('failed', $tasks, true);
        $log->update(['context' => ['status' => $failed ? 'failed' : 'ok', 'tasks' => $tasks]]);
        Log::log($failed ? 'error' : 'info', 'schedule run', ['minute' => $minute, 'tasks' => $tasks]);

        return $failed ? self::FAILURE : self::SUCCESS;
    }

    /** From the ID of Nomad's periodic job, which ends in the time of its launch; otherwise from the clock. */
    public static function minute(string $job, CarbonImmutable $now): string
    {
        $launch = preg_match('~/periodic-(\d+)$~', $job, $found) ? CarbonImmutable::createFromTimestampUTC((int) $found[1]) : $now;

        return $launch->startOfMinute()->format('Y-m-d\TH:i:s\Z');
    }

    /** Its talk goes to the log, which is JSON. */
    public function line($string, $style = null, $verbosity = null)
    {
        Log::debug(strip_tags($string));
    }
}
