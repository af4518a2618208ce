<?php

$redis = [
    'host' => env('REDIS_HOST', 'redis'),
    'port' => (int) env('REDIS_PORT', 6379),
    'password' => env('REDIS_PASSWORD') ?: null,
    'timeout' => 2.0,
    // Above the time that the queue worker blocks for (config/queue.php).
    'read_timeout' => 8.0,
];

return [
    'default' => env('DB_CONNECTION', 'mysql'),
    'connections' => [
        'mysql' => [
            'driver' => 'mysql',
            // Laravel's own convention; it wins over the rest. Migrations get it.
            'url' => env('DATABASE_URL'),
            'host' => env('DB_HOST', 'db'),
            'port' => (int) env('DB_PORT', 3306),
            'database' => env('DB_DATABASE', 'enstore'),
            'username' => env('DB_USERNAME', 'enstore'),
            'password' => env('DB_PASSWORD', ''),
            'charset' => 'utf8mb4',
            // Both MySQL 8 and MariaDB 10.11 have it.
            'collation' => 'utf8mb4_unicode_ci',
            'timezone' => '+00:00',
            'prefix' => '',
            'modes' => ['ONLY_FULL_GROUP_BY', 'STRICT_TRANS_TABLES', 'NO_ZERO_IN_DATE', 'NO_ZERO_DATE', 'ERROR_FOR_DIVISION_BY_ZERO', 'NO_ENGINE_SUBSTITUTION'],
            'engine' => 'InnoDB',
            'options' => [PDO::ATTR_TIMEOUT => 3],
        ],
    ],
    'migrations' => 'migrations',

    // No prefix, so that the queue is the list `queues:default` to whoever measures it.
    'redis' => [
        'client' => 'phpredis',
        'options' => ['prefix' => ''],
        'default' => $redis + ['database' => 0],
        'cache' => $redis + ['database' => 1],
    ],
];
