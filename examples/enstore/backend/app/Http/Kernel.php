<?php

namespace App\Http;

use App\Http\Middleware\Cors;
use App\Http\Middleware\LogRequests;
use App\Support\HandleExceptions;
use Illuminate\Foundation\Http\Kernel as Base;
use Illuminate\Foundation\Http\Middleware\ConvertEmptyStringsToNull;
use Illuminate\Foundation\Http\Middleware\TrimStrings;
use Illuminate\Foundation\Http\Middleware\ValidatePostSize;

class Kernel extends Base
{
    protected $middleware = [
        LogRequests::class,
        Cors::class,
        ValidatePostSize::class,
        TrimStrings::class,
        ConvertEmptyStringsToNull::class,
    ];

    protected function bootstrappers()
    {
        return array_map(
            fn ($class) => $class === \Illuminate\Foundation\Bootstrap\HandleExceptions::class ? HandleExceptions::class : $class,
            parent::bootstrappers()
        );
    }
}
