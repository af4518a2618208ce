<?php

namespace App\Console\Commands;

use Illuminate\Contracts\Queue\Job;
use Illuminate\Queue\Console\WorkCommand;
use Illuminate\Support\Facades\Log;

/** Laravel's queue:work, whose talk goes to the log, which is JSON. */
class WorkQueue extends WorkCommand
{
    public function __construct()
    {
        parent::__construct(app('queue.worker'), app('cache.store'));
    }

    protected function writeStatus(Job $job, $status, $type)
    {
        Log::log($status === 'Failed' ? 'error' : 'debug', 'job '.strtolower($status), [
            'job' => class_basename($job->resolveName()),
            'order_id' => $job->payload()['order'] ?? null,
            'attempt' => $job->attempts(),
        ]);
    }
}
