<?php

namespace App\Queue;

use Illuminate\Queue\Worker as Base;
use Illuminate\Queue\WorkerOptions;
use RedisException;
use Throwable;

/**
 * Laravel's worker, which ends when it has lost its database; this one does so for Redis too, and says with its exit code
 * that it did. Whoever runs it starts a new one, with new connections.
 */
class Worker extends Base
{
    private bool $lostConnection = false;

    protected function stopWorkerIfLostConnection($e)
    {
        for ($cause = $e; $cause instanceof Throwable; $cause = $cause->getPrevious()) {
            if ($cause instanceof RedisException || $this->causedByLostConnection($cause)) {
                $this->shouldQuit = true;
                $this->lostConnection = true;
            }
        }
    }

    protected function stopIfNecessary(WorkerOptions $options, $lastRestart, $startTime = 0, $jobsProcessed = 0, $job = null)
    {
        $status = parent::stopIfNecessary($options, $lastRestart, $startTime, $jobsProcessed, $job);

        return $status === static::EXIT_SUCCESS && $this->lostConnection ? static::EXIT_ERROR : $status;
    }

    /** Any of the signals with which somebody may end a container: the job at hand is finished first. */
    protected function listenForSignals()
    {
        parent::listenForSignals();
        foreach ([SIGINT, SIGQUIT] as $signal) {
            pcntl_signal($signal, fn () => $this->shouldQuit = true);
        }
    }
}
