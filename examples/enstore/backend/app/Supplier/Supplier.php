<?php

namespace App\Supplier;

use App\Models\Order;
use App\Queue\Heartbeat;
use Illuminate\Http\Client\ConnectionException;
use Illuminate\Http\Client\PendingRequest;
use Illuminate\Http\Client\Response;
use Illuminate\Support\Facades\Http;

/** The supplier's API. Refused is for ever, Unavailable is worth another try. */
class Supplier
{
    /** Refusals that say: not now. */
    private const NOT_NOW = [408, 409, 425, 429];

    public function __construct(private array $settings, private Heartbeat $heartbeat)
    {
    }

    /**
     * Places an order, under its UUID as key: asked again, the supplier answers the same and does nothing more.
     *
     * @return string the supplier's reference
     *
     * @throws Refused
     * @throws Unavailable
     */
    public function order(Order $order): string
    {
        $answer = $this->ask(fn (PendingRequest $request) => $request
            ->withHeaders(['Idempotency-Key' => $order->uuid])
            ->post('/orders', ['sku' => $order->sku, 'quantity' => $order->quantity]));
        $reference = $answer->json('reference');
        if (! is_string($reference) || $reference === '') {
            throw new Unavailable('the supplier answered without a reference');
        }

        return $reference;
    }

    /**
     * @return list<array{sku: string, name: string, price_cents: int, currency: string, stock: int}>
     *
     * @throws Refused
     * @throws Unavailable
     */
    public function products(): array
    {
        $products = $this->ask(fn (PendingRequest $request) => $request->get('/products'))->json('data');
        if (! is_array($products)) {
            throw new Unavailable('the supplier answered without products');
        }

        return $products;
    }

    private function ask(callable $send): Response
    {
        $request = Http::baseUrl($this->url())->acceptJson()->timeout($this->settings['timeout'])->withOptions([
            'connect_timeout' => $this->settings['connect_timeout'],
            // Called about once a second while the supplier thinks.
            'progress' => fn () => $this->heartbeat->beat(),
        ]);
        try {
            $answer = $send($request);
        } catch (ConnectionException $e) {
            throw new Unavailable('the supplier cannot be reached: '.$e->getMessage(), 0, $e);
        }
        $status = $answer->status();
        if ($answer->successful()) {
            return $answer;
        }
        $said = $answer->json('message');
        $what = "the supplier answered {$status}".(is_string($said) ? ": {$said}" : '');
        if ($answer->clientError() && ! in_array($status, self::NOT_NOW, true)) {
            throw new Refused($what);
        }
        throw new Unavailable($what);
    }

    private function url(): string
    {
        $file = $this->settings['url_file'];
        $url = $file !== null && is_file($file) ? trim((string) file_get_contents($file)) : $this->settings['url'];
        if ((string) $url === '') {
            throw new Unavailable('nobody knows where the supplier is at the moment');
        }

        return $url;
    }
}
