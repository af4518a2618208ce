<?php

/*
 * What Composer's vendor/autoload.php is elsewhere: Debian's packages bring their own autoloaders, and App is ours.
 * Laravel 8 runs on PHP 8.2, but tells of deprecations at nearly each class it loads; nobody here can mend them.
 */

error_reporting(E_ALL & ~E_DEPRECATED & ~E_USER_DEPRECATED);

require_once 'Illuminate/autoload.php';
require_once 'GuzzleHttp/autoload.php';

spl_autoload_register(function (string $class): void {
    if (str_starts_with($class, 'App\\')) {
        $file = __DIR__.'/../app/'.strtr(substr($class, 4), '\\', '/').'.php';
        if (is_file($file)) {
            require $file;
        }
    }
});
