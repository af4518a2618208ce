<?php

return [
    'default' => env('QUEUE_CONNECTION', 'redis'),
    'connections' => [
        'sync' => ['driver' => 'sync'],
        'redis' => [
            'driver' => 'redis',
            'connection' => 'default',
            'queue' => 'default',
            // A job whose worker has not been heard of for so long is given to the next one. Above what a
            // job may take (queue:work --timeout, 60).
            'retry_after' => (int) env('QUEUE_RETRY_AFTER', 90),
            'block_for' => 2,
        ],
    ],
    'failed' => ['driver' => 'database-uuids', 'database' => 'mysql', 'table' => 'failed_jobs'],
];
