<?php

use Illuminate\Database\Migrations\Migration;
use Illuminate\Database\Schema\Blueprint;
use Illuminate\Support\Facades\Schema;

return new class extends Migration
{
    public function up()
    {
        Schema::create('orders', function (Blueprint $table) {
            $table->id();
            $table->char('uuid', 36)->charset('ascii')->collation('ascii_bin')->unique();
            // The client's key, compared byte by byte; an order without one is one of its own each time.
            $table->string('idempotency_key', 128)->charset('ascii')->collation('ascii_bin')->nullable()->unique();
            $table->string('sku', 64)->collation('utf8mb4_bin');
            $table->unsignedInteger('quantity');
            $table->string('status', 16)->default('pending');
            $table->unsignedInteger('attempts')->default(0);
            $table->unsignedInteger('redeliveries')->default(0);
            $table->boolean('delivering')->default(false);
            $table->string('supplier_reference', 64)->nullable();
            $table->string('error', 500)->nullable();
            $table->timestamps(3);
            $table->dateTime('finished_at', 3)->nullable();
            $table->index(['status', 'id']);
        });

        // What has to happen for an order, written in the transaction that writes the order: whatever becomes of Redis, this
        // row says that the order is undone, and orders:relay looks for it from due_at on.
        Schema::create('outbox', function (Blueprint $table) {
            $table->id();
            $table->foreignId('order_id')->unique()->constrained();
            $table->unsignedInteger('dispatches')->default(0);
            $table->dateTime('due_at', 3);
            $table->dateTime('done_at', 3)->nullable();
            $table->dateTime('created_at', 3);
            $table->index(['done_at', 'due_at']);
        });
    }

    public function down()
    {
        Schema::dropIfExists('outbox');
        Schema::dropIfExists('orders');
    }
};
