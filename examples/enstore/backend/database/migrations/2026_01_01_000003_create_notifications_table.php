<?php

use Illuminate\Database\Migrations\Migration;
use Illuminate\Database\Schema\Blueprint;
use Illuminate\Support\Facades\Schema;

return new class extends Migration
{
    public function up()
    {
        Schema::create('notifications', function (Blueprint $table) {
            $table->id();
            // One an order: the second is refused by the database.
            $table->foreignId('order_id')->unique()->constrained();
            $table->string('type', 32);
            $table->string('message', 500);
            $table->dateTime('created_at', 3);
        });

        Schema::create('activity_logs', function (Blueprint $table) {
            $table->id();
            $table->string('type', 32);
            $table->char('minute', 20)->nullable();
            $table->string('message', 500);
            $table->text('context')->nullable();
            $table->dateTime('created_at', 3);
            $table->index(['type', 'created_at']);
        });
    }

    public function down()
    {
        Schema::dropIfExists('activity_logs');
        Schema::dropIfExists('notifications');
    }
};
