<?php

namespace App\Http\Controllers;

use App\Models\Product;
use Illuminate\Support\Facades\Cache;
use Illuminate\Support\Facades\Log;
use Throwable;

/** The assortment, from Redis for a short while. Without Redis it is only slower. */
class ProductController
{
    public function index()
    {
        return $this->cached('products', fn () => Product::orderBy('sku')->get()->toArray());
    }

    /** By number or by SKU. */
    public function show(string $id)
    {
        return $this->cached('product:'.sha1($id), fn () => Product::where(ctype_digit($id) ? 'id' : 'sku', $id)->firstOrFail()->toArray());
    }

    private function cached(string $key, callable $read)
    {
        $data = $this->quietly(fn () => Cache::get($key));
        $hit = $data !== null;
        if (! $hit) {
            $data = $read();
            $this->quietly(fn () => Cache::put($key, $data, config('enstore.product_cache')));
        }

        return response()->json(['data' => $data])->header('X-Cache', $hit ? 'hit' : 'miss');
    }

    private function quietly(callable $do)
    {
        try {
            return $do();
        } catch (Throwable $e) {
            Log::warning('the product cache does not answer', ['error' => $e->getMessage()]);

            return null;
        }
    }
}
