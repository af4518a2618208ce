<?php

namespace App\Console;

use App\Support\HandleExceptions;
use Illuminate\Console\Scheduling\Schedule;
use Illuminate\Foundation\Console\Kernel as Base;
use Illuminate\Support\Facades\Artisan;

class Kernel extends Base
{
    protected $commands = [
        Commands\RelayOrders::class,
        Commands\RunSchedule::class,
        Commands\SyncProducts::class,
        Commands\WorkQueue::class,
    ];

    /**
     * Each in this process, in this order: the relay first, since it does not depend on the supplier. A command that fails
     * makes the run fail, not the other command.
     */
    protected function schedule(Schedule $schedule)
    {
        foreach (['orders:relay', 'products:sync'] as $command) {
            $schedule->call(fn () => Artisan::call($command) === 0)->name($command)->everyMinute();
        }
    }

    protected function bootstrappers()
    {
        return array_map(
            fn ($class) => $class === \Illuminate\Foundation\Bootstrap\HandleExceptions::class ? HandleExceptions::class : $class,
            parent::bootstrappers()
        );
    }
}
