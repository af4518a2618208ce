<?php

return [
    'version' => '1.0.0',
    'instance' => substr((string) env('NOMAD_ALLOC_ID', gethostname()), 0, 12),

    // Origins whose pages may call the API, or '*'.
    'cors_origins' => array_values(array_filter(array_map('trim', explode(',', (string) env('CORS_ORIGINS', ''))))),

    // How long the answer to GET /api/products is kept in Redis, in seconds.
    'product_cache' => (int) env('PRODUCT_CACHE_SECONDS', 30),

    'supplier' => [
        'url' => env('SUPPLIER_URL', 'http://supplier:8090'),
        // Where set, a file that holds the URL and is read for each call: it follows a supplier that moves.
        'url_file' => env('SUPPLIER_URL_FILE'),
        // Seconds. What a job may take (queue:work --timeout, 60) is above their sum, and QUEUE_RETRY_AFTER above that.
        'connect_timeout' => 3,
        'timeout' => 30,
    ],

    // An undone order that nobody has touched for so many seconds, and that is not in Redis either, is dispatched again.
    'relay_after' => (int) env('ORDER_RELAY_AFTER', 30),

    // Touched by the queue worker as long as it is alive.
    'heartbeat' => env('QUEUE_HEARTBEAT', '/tmp/queue.heartbeat'),

    // The minute a scheduler run belongs to: Nomad writes when it launched a periodic job into the job's ID.
    'scheduler_job' => (string) env('NOMAD_JOB_ID', ''),
];
