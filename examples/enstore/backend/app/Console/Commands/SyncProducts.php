<?php

namespace App\Console\Commands;

use App\Models\ActivityLog;
use App\Models\Product;
use App\Supplier\Supplier;
use Illuminate\Console\Command;
use Illuminate\Support\Facades\Cache;
use Illuminate\Support\Facades\Log;
use RuntimeException;

class SyncProducts extends Command
{
    protected $signature = 'products:sync';

    protected $description = "Bring the products up to date with the supplier's";

    public function handle(Supplier $supplier): int
    {
        $rows = array_map(fn ($product) => $this->row($product), $supplier->products());
        if ($rows !== []) {
            Product::upsert($rows, ['sku'], ['name', 'price_cents', 'currency', 'stock', 'updated_at']);
        }
        Cache::forget('products');
        ActivityLog::create(['type' => 'products.sync', 'message' => count($rows).' products are up to date', 'context' => ['products' => count($rows)]]);
        Log::info('products synced', ['products' => count($rows)]);

        return self::SUCCESS;
    }

    private function row(mixed $product): array
    {
        foreach (['sku', 'name', 'price_cents', 'currency', 'stock'] as $field) {
            if (! isset($product[$field])) {
                throw new RuntimeException("a product of the supplier has no {$field}");
            }
        }

        return [
            'sku' => (string) $product['sku'],
            'name' => (string) $product['name'],
            'price_cents' => (int) $product['price_cents'],
            'currency' => (string) $product['currency'],
            'stock' => (int) $product['stock'],
        ];
    }
}
