<?php

namespace App\Providers;

use App\Jobs\ProcessOrder;
use App\Queue\Heartbeat;
use App\Queue\Worker;
use App\Supplier\Supplier;
use Illuminate\Contracts\Debug\ExceptionHandler;
use Illuminate\Queue\Queue;
use Illuminate\Support\Facades\Queue as Queues;
use Illuminate\Support\ServiceProvider;

class AppServiceProvider extends ServiceProvider
{
    public function register()
    {
        $this->app->singleton(Heartbeat::class, fn () => new Heartbeat(config('enstore.heartbeat')));
        $this->app->singleton(Supplier::class, fn ($app) => new Supplier(config('enstore.supplier'), $app->make(Heartbeat::class)));
        $this->app->extend('queue.worker', fn ($worker, $app) => new Worker(
            $app['queue'],
            $app['events'],
            $app[ExceptionHandler::class],
            fn () => $app->isDownForMaintenance(),
        ));
    }

    public function boot()
    {
        Queues::looping(fn () => $this->app->make(Heartbeat::class)->beat());
        // The relay looks for an order by this field, without unserialising jobs.
        Queue::createPayloadUsing(function ($connection, $queue, $payload) {
            $job = $payload['data']['command'] ?? null;

            return $job instanceof ProcessOrder ? ['order' => $job->order] : [];
        });
    }
}
