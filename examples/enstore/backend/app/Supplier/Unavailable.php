<?php

namespace App\Supplier;

use RuntimeException;

class Unavailable extends RuntimeException
{
}
