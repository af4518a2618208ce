<?php

namespace App\Models;

/** What the supplier sells; kept up to date by products:sync. */
class Product extends Model
{
    protected $casts = ['price_cents' => 'integer', 'stock' => 'integer'];

    protected $hidden = ['created_at'];
}
