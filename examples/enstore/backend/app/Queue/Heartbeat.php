<?php

namespace App\Queue;

/** A file whose age tells that the queue worker is alive: touched between jobs, and while one waits for the supplier. */
class Heartbeat
{
    private int $last = 0;

    public function __construct(private string $file)
    {
    }

    public function beat(): void
    {
        if ($this->last !== time() && @touch($this->file)) {
            $this->last = time();
        }
    }
}
