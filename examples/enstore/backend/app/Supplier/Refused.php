<?php

namespace App\Supplier;

use RuntimeException;

class Refused extends RuntimeException
{
}
