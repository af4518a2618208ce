<?php

namespace App\Http\Middleware;

use Closure;

/** Lets pages of the origins in CORS_ORIGINS call the API from a browser. */
class Cors
{
    public function handle($request, Closure $next)
    {
        $origin = $request->headers->get('Origin');
        $preflight = $request->isMethod('OPTIONS') && $request->headers->has('Access-Control-Request-Method');
        $response = $preflight ? response('', 204) : $next($request);

        $allowed = config('enstore.cors_origins');
        if ($allowed === []) {
            return $response;
        }
        $any = in_array('*', $allowed, true);
        if (! $any) {
            // Caches keep an answer for each origin.
            $response->headers->set('Vary', 'Origin', false);
        }
        if ($origin === null || ! ($any || in_array($origin, $allowed, true))) {
            return $response;
        }
        $response->headers->set('Access-Control-Allow-Origin', $any ? '*' : $origin);
        $response->headers->set('Access-Control-Expose-Headers', 'X-Cache, X-Instance, Location');
        if ($preflight) {
            $response->headers->set('Access-Control-Allow-Methods', 'GET, POST, OPTIONS');
            $response->headers->set('Access-Control-Allow-Headers', 'Content-Type, Accept, Idempotency-Key');
            $response->headers->set('Access-Control-Max-Age', '600');
        }

        return $response;
    }
}
