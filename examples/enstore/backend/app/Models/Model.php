<?php

namespace App\Models;

use DateTimeInterface;
use Illuminate\Database\Eloquent\Model as Base;

/** What the tables share: times in UTC with milliseconds, and no protection against code of this application. */
abstract class Model extends Base
{
    protected $guarded = [];

    protected $dateFormat = 'Y-m-d H:i:s.v';

    protected function serializeDate(DateTimeInterface $date)
    {
        return $date->format('Y-m-d\TH:i:s.v\Z');
    }
}
