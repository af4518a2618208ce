<?php

namespace App\Support;

use Illuminate\Contracts\Foundation\Application;
use Illuminate\Foundation\Bootstrap\HandleExceptions as Base;

/** Laravel's own, which makes an exception of each warning; but what PHP 8.2 deprecates in Laravel 8 is left out. */
class HandleExceptions extends Base
{
    public function bootstrap(Application $app)
    {
        parent::bootstrap($app);
        error_reporting(E_ALL & ~E_DEPRECATED & ~E_USER_DEPRECATED);
    }
}
