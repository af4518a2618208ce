<?php

use Illuminate\Database\Migrations\Migration;
use Illuminate\Database\Schema\Blueprint;
use Illuminate\Support\Facades\DB;
use Illuminate\Support\Facades\Schema;

return new class extends Migration
{
    public function up()
    {
        Schema::create('products', function (Blueprint $table) {
            $table->id();
            $table->string('sku', 64)->collation('utf8mb4_bin')->unique();
            $table->string('name', 200);
            $table->unsignedInteger('price_cents');
            $table->char('currency', 3)->default('EUR');
            $table->unsignedInteger('stock')->default(0);
            $table->timestamps(3);
        });

        // A first assortment, so that the shop is not empty until the scheduler has asked the supplier.
        $now = now('UTC')->format('Y-m-d H:i:s.v');
        DB::table('products')->insert(array_map(fn ($row) => $row + ['created_at' => $now, 'updated_at' => $now], [
            ['sku' => 'BOOK-1', 'name' => 'A book', 'price_cents' => 1290, 'stock' => 100],
            ['sku' => 'FLAKY-2', 'name' => 'A lamp that needs three tries', 'price_cents' => 2490, 'stock' => 100],
            ['sku' => 'SLOW-20', 'name' => 'A table that takes its time', 'price_cents' => 19900, 'stock' => 100],
        ]));
    }

    public function down()
    {
        Schema::dropIfExists('products');
    }
};
