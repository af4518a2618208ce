<?php

namespace App\Http\Middleware;

use Closure;
use Illuminate\Support\Facades\Log;

/** One line a request, and the name of the instance that answered it. */
class LogRequests
{
    public function handle($request, Closure $next)
    {
        $response = $next($request);
        $response->headers->set('X-Instance', config('enstore.instance'));
        $status = $response->getStatusCode();
        $level = match (true) {
            $status >= 500 => 'error',
            $request->path() === 'api/health' => 'debug',
            default => 'info',
        };
        Log::log($level, 'request', [
            'method' => $request->method(),
            'path' => '/'.ltrim($request->path(), '/'),
            'status' => $status,
            'milliseconds' => round((microtime(true) - LARAVEL_START) * 1000, 1),
            'client' => $request->ip(),
            'request_id' => $request->header('X-Request-ID'),
            'instance' => config('enstore.instance'),
        ]);

        return $response;
    }
}
