<?php

namespace App\Http\Controllers;

use Illuminate\Support\Facades\DB;
use Illuminate\Support\Facades\Log;
use Illuminate\Support\Facades\Redis;
use Throwable;

/** 200 when the database and Redis answer, 503 when one does not, and which. */
class HealthController
{
    public function __invoke()
    {
        $checks = [
            'database' => $this->check('database', fn () => DB::select('SELECT 1')),
            'redis' => $this->check('redis', fn () => Redis::connection()->ping()),
        ];
        $healthy = ! in_array('down', $checks, true);

        return response()->json([
            'status' => $healthy ? 'ok' : 'unhealthy',
            'checks' => $checks,
            'version' => config('enstore.version'),
            'instance' => config('enstore.instance'),
        ], $healthy ? 200 : 503);
    }

    private function check(string $name, callable $ask): string
    {
        try {
            $ask();

            return 'ok';
        } catch (Throwable $e) {
            Log::warning('health check failed', ['check' => $name, 'error' => $e->getMessage()]);

            return 'down';
        }
    }
}
