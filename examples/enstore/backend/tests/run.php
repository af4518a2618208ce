<?php

/*
 * The tests of what must never go wrong: one effect and one notification an order, whatever is delivered how often. They run
 * against a real database, whose name must end in _test since its tables are emptied, and a real Redis, whose database 0 is.
 * Each line says what was tested; the exit code is 1 when something failed.
 */

define('LARAVEL_START', microtime(true));
require __DIR__.'/../bootstrap/autoload.php';

use App\Console\Commands\RunSchedule;
use App\Jobs\ProcessOrder;
use App\Models\Notification;
use App\Models\Order;
use App\Orders\Fulfilment;
use App\Orders\KeyTaken;
use App\Orders\Outbox;
use App\Orders\Placing;
use App\Supplier\Refused;
use App\Supplier\Supplier;
use App\Supplier\Unavailable;
use Carbon\CarbonImmutable;
use Illuminate\Http\Client\ConnectionException;
use Illuminate\Http\Request;
use Illuminate\Support\Carbon;
use Illuminate\Support\Facades\Artisan;
use Illuminate\Support\Facades\DB;
use Illuminate\Support\Facades\Http;
use Illuminate\Support\Facades\Queue;
use Illuminate\Support\Facades\Redis;

$app = require __DIR__.'/../bootstrap/app.php';
$app->make(Illuminate\Contracts\Console\Kernel::class)->bootstrap();
config(['logging.default' => 'null', 'enstore.relay_after' => -1]); // everything undone is due at once

if (! str_ends_with(config('database.connections.mysql.database'), '_test')) {
    fwrite(STDERR, "error: DB_DATABASE must end in _test: the tests empty its tables\n");
    exit(1);
}
Artisan::call('migrate', ['--force' => true]);

function same(mixed $want, mixed $got, string $what): void
{
    if ($want !== $got) {
        throw new RuntimeException("{$what}: want ".json_encode($want).', got '.json_encode($got));
    }
}

/** What a client gets. */
function ask(string $method, string $path, array $body = [], array $headers = []): array
{
    $server = ['HTTP_ACCEPT' => '*/*', 'CONTENT_TYPE' => 'application/json'];
    foreach ($headers as $name => $value) {
        $server['HTTP_'.strtoupper(strtr($name, '-', '_'))] = $value;
    }
    $response = app(Illuminate\Contracts\Http\Kernel::class)->handle(Request::create('/api'.$path, $method, [], [], [], $server, json_encode($body)));

    return [$response->getStatusCode(), json_decode($response->getContent(), true), $response];
}

/** What became of an order, in short. */
function state(Order $order): array
{
    $order->refresh();

    return [$order->status, $order->attempts, $order->redeliveries, Notification::where('order_id', $order->id)->count(), DB::table('outbox')->whereNull('done_at')->count()];
}

/** The supplier's answers, in this order. */
function supplier(callable|int ...$answers): void
{
    app()->forgetInstance(Illuminate\Http\Client\Factory::class);
    Http::clearResolvedInstances();
    Http::fake(function ($request) use (&$answers) {
        $answer = array_shift($answers) ?? 200;

        return is_callable($answer) ? $answer($request) : Http::response($answer === 200 ? ['reference' => 'S-1'] : ['message' => 'no'], $answer);
    });
}

function work(): void
{
    Artisan::call('queue:work', ['connection' => 'redis', '--once' => true, '--sleep' => 0]);
}

$placing = app(Placing::class);
$fulfilment = app(Fulfilment::class);
$outbox = app(Outbox::class);

$tests = [
    'an order is written with its outbox row and is in the queue' => function () use ($placing) {
        $order = $placing->place('BOOK-1', 1, null);
        same(['pending', 0, 0, 0, 1], state($order), 'state');
        same(1, Queue::size(), 'jobs');
    },
    'the worker completes an order, once' => function () use ($placing) {
        supplier(200);
        $order = $placing->place('BOOK-1', 1, null);
        work();
        same(['completed', 1, 0, 1, 0], state($order), 'state');
        same(0, Queue::size(), 'jobs');
    },
    'a 503 puts the order off, and keeps it' => function () use ($placing) {
        supplier(503);
        $order = $placing->place('FLAKY-2', 1, null);
        work();
        same(['pending', 1, 0, 0, 1], state($order), 'state');
        same(1, Redis::zcard('queues:default:delayed'), 'jobs for later');
    },
    'no answer puts the order off, too' => function () use ($placing) {
        supplier(fn () => throw new ConnectionException('timed out'));
        $order = $placing->place('BOOK-1', 1, null);
        work();
        same(['pending', 1, 0, 0, 1], state($order), 'state');
    },
    'a refusal fails the order, with a notification' => function () use ($placing) {
        supplier(422);
        $order = $placing->place('BOOK-1', 1, null);
        work();
        same(['failed', 1, 0, 1, 0], state($order), 'state');
        same(0, Queue::size(), 'jobs');
    },
    'a finished order that is delivered again is only counted' => function () use ($placing) {
        supplier(200, fn () => throw new RuntimeException('the supplier was asked again'));
        $order = $placing->place('BOOK-1', 1, null);
        work();
        Queue::push(new ProcessOrder($order->uuid));
        work();
        same(['completed', 1, 1, 1, 0], state($order), 'state');
    },
    'a delivery that ended without a word is counted, and made good' => function () use ($placing, $fulfilment) {
        supplier(200);
        $order = $placing->place('BOOK-1', 1, null);
        $fulfilment->begin($order->uuid); // and the worker is killed
        work();
        same(['completed', 2, 1, 1, 0], state($order), 'state');
    },
    'two workers finish an order once' => function () use ($placing, $fulfilment) {
        $order = $placing->place('BOOK-1', 1, null);
        $fulfilment->begin($order->uuid);
        $fulfilment->begin($order->uuid);
        $fulfilment->complete($order->uuid, 'S-1');
        $fulfilment->complete($order->uuid, 'S-1');
        $fulfilment->postpone($order->uuid, 'late news');
        same(['completed', 2, 2, 1, 0], state($order), 'state');
    },
    'the database refuses a second notification' => function () use ($placing) {
        $order = $placing->place('BOOK-1', 1, null);
        Notification::create(['order_id' => $order->id, 'type' => 'order.completed', 'message' => 'first']);
        try {
            Notification::create(['order_id' => $order->id, 'type' => 'order.completed', 'message' => 'second']);
        } catch (Illuminate\Database\QueryException) {
            return;
        }
        throw new RuntimeException('it took it');
    },
    'the relay dispatches what Redis lost' => function () use ($placing, $outbox) {
        supplier(200);
        $order = $placing->place('BOOK-1', 1, null);
        Redis::flushdb();
        same(['due' => 1, 'dispatched' => 1], $outbox->relay(), 'relay');
        work();
        same(['completed', 1, 0, 1, 0], state($order), 'state');
        same(['due' => 0, 'dispatched' => 0], $outbox->relay(), 'relay');
    },
    'the relay leaves alone what waits, waits for its next try, or is with a worker' => function () use ($placing, $outbox) {
        Carbon::setTestNow(now()); // a second later the next try would be due
        supplier(503);
        $placing->place('BOOK-1', 1, null);
        work();
        $placing->place('BOOK-1', 1, null);
        Queue::connection('redis')->pop();
        $placing->place('BOOK-1', 1, null);
        same([1, 1, 1], [Redis::llen('queues:default'), Redis::zcard('queues:default:delayed'), Redis::zcard('queues:default:reserved')], 'queue');
        same(['due' => 3, 'dispatched' => 0], $outbox->relay(), 'relay');
    },
    'an order out of tries is a failed job, and the relay starts it anew' => function () use ($placing, $outbox) {
        supplier(503, 200);
        $order = $placing->place('BOOK-1', 1, null);
        $payload = json_decode(Redis::lpop('queues:default'), true);
        Redis::rpush('queues:default', json_encode(['attempts' => 6] + $payload));
        work();
        same(['pending', 1, 0, 0, 1], state($order), 'state');
        same(1, DB::table('failed_jobs')->count(), 'failed jobs');
        same(['due' => 1, 'dispatched' => 1], $outbox->relay(), 'relay');
        work();
        same(['completed', 2, 0, 1, 0], state($order), 'state');
    },
    'the same key is the same order, another body with it is refused' => function () use ($placing) {
        $first = $placing->place('BOOK-1', 1, 'k');
        same($first->uuid, $placing->place('BOOK-1', 1, 'k')->uuid, 'order');
        same(1, Queue::size(), 'jobs');
        try {
            $placing->place('BOOK-1', 2, 'k');
        } catch (KeyTaken) {
            return;
        }
        throw new RuntimeException('it was taken');
    },
    'over HTTP a key gives 201, 200, 422' => function () {
        $order = ['sku' => 'BOOK-1', 'quantity' => 1];
        $key = ['Idempotency-Key' => 'k'];
        [$first, $body] = ask('POST', '/orders', $order, $key);
        [$second, $again, $response] = ask('POST', '/orders', $order, $key);
        [$third] = ask('POST', '/orders', ['quantity' => 2] + $order, $key);
        same([201, 200, 422], [$first, $second, $third], 'status');
        same($body['data']['id'], $again['data']['id'], 'order');
        same(false, $response->headers->has('Location'), 'a Location, which PHP makes a redirect of');
    },
    'what is wrong with an order is said field by field' => function () {
        [$status, $body] = ask('POST', '/orders', ['sku' => 'NO-SUCH', 'quantity' => 0], ['Idempotency-Key' => 'with space']);
        same(422, $status, 'status');
        same(['sku', 'quantity', 'idempotency_key'], array_keys($body['errors']), 'fields');
    },
    'lists go on after the last order of a page' => function () use ($placing) {
        $orders = array_map(fn () => $placing->place('BOOK-1', 1, null)->uuid, range(1, 3));
        [, $page] = ask('GET', '/orders?limit=2');
        same([$orders[2], $orders[1]], array_column($page['data'], 'id'), 'first page');
        [, $page] = ask('GET', '/orders?limit=2&after='.$page['next']);
        same([$orders[0]], array_column($page['data'], 'id'), 'second page');
        same(null, $page['next'], 'next');
    },
    'products come from the cache the second time' => function () {
        same('miss', ask('GET', '/products')[2]->headers->get('X-Cache'), 'first');
        same('hit', ask('GET', '/products')[2]->headers->get('X-Cache'), 'second');
        same(404, ask('GET', '/products/NO-SUCH')[0], 'unknown');
    },
    'a scheduler run belongs to the minute Nomad launched it in' => function () {
        $now = CarbonImmutable::parse('2026-11-22T03:05:59Z');
        same('2026-11-22T03:04:00Z', RunSchedule::minute('enstore-scheduler/periodic-1795316640', $now), 'with Nomad');
        same('2026-11-22T03:05:00Z', RunSchedule::minute('', $now), 'without');
    },
    'a supplier error is for ever or worth another try' => function () {
        foreach ([400 => Refused::class, 404 => Refused::class, 422 => Refused::class, 408 => Unavailable::class, 429 => Unavailable::class, 500 => Unavailable::class, 503 => Unavailable::class] as $status => $class) {
            supplier($status);
            try {
                app(Supplier::class)->order(new Order(['uuid' => 'u', 'sku' => 'BOOK-1', 'quantity' => 1]));
                throw new RuntimeException("{$status} passed");
            } catch (Refused|Unavailable $e) {
                same($class, $e::class, (string) $status);
            }
        }
    },
];

$failed = 0;
foreach ($tests as $sentence => $test) {
    foreach (['notifications', 'outbox', 'activity_logs', 'failed_jobs', 'orders'] as $table) {
        DB::table($table)->delete();
    }
    Redis::flushdb();
    Redis::connection('cache')->flushdb();
    Carbon::setTestNow();
    try {
        $test();
        echo "ok    {$sentence}\n";
    } catch (Throwable $e) {
        $failed++;
        echo "FAIL  {$sentence}\n      {$e->getMessage()} ({$e->getFile()}:{$e->getLine()})\n";
    }
}
echo count($tests).' tests, '.$failed." failed\n";
exit($failed > 0 ? 1 : 0);
