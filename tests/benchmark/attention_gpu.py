"""Causal attention of PyTorch's kernels (FlashAttention-2 and cuDNN) at the shapes of `mobasim bench --backend cuda`.

CSV on stdout: kernel,head_dim,sequence,forward_s,backward_s,forward_tflops,backward_tflops (medians; useful FLOPs of causal
pairs, 4 head_dim a pair forward and 8 backward). Needs PyTorch with CUDA; inputs are standard normal and cold: a new
set each run, out of more memory than the cache.
"""
import statistics

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention

KERNELS = {"flash_attention_2": SDPBackend.FLASH_ATTENTION, "cudnn": SDPBackend.CUDNN_ATTENTION}
RUNS, LONG_RUNS, LONG = 20, 8, 65536


def seconds(run):
    begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    torch.cuda._sleep(2_000_000)  # about a millisecond, while which Python puts the work on the stream
    begin.record()
    result = run()
    end.record()
    torch.cuda.synchronize()
    return begin.elapsed_time(end) * 1e-3, result


def timed(backend, sequence, head_dim):
    heads, batch = 2048 // head_dim, max(1, 16384 // sequence)
    shape = (batch, heads, sequence, head_dim)
    inputs = [
        [torch.randn(shape, device="cuda", dtype=torch.bfloat16, requires_grad=True) for _ in range(3)] for _ in range(3)
    ]
    d_o = torch.randn(shape, device="cuda", dtype=torch.bfloat16)
    forward, backward = [], []
    with sdpa_kernel(backend):
        for i in range((RUNS if sequence < LONG else LONG_RUNS) + 3):
            q, k, v = inputs[i % len(inputs)]
            q.grad = k.grad = v.grad = None
            time, o = seconds(lambda: scaled_dot_product_attention(q, k, v, is_causal=True))
            forward.append(time)
            backward.append(seconds(lambda: o.backward(d_o))[0])
    flops = 4 * head_dim * heads * batch * sequence * (sequence + 1) / 2
    return statistics.median(forward[3:]), statistics.median(backward[3:]), flops


print("kernel,head_dim,sequence,forward_s,backward_s,forward_tflops,backward_tflops")
for head_dim in (64, 128):
    for sequence in (2048, 4096, 8192, 16384, 32768, 65536, 131072):
        for name, backend in KERNELS.items():
            f, b, flops = timed(backend, sequence, head_dim)
            print(f"{name},{head_dim},{sequence},{f:.6g},{b:.6g},{flops / f / 1e12:.1f},{2 * flops / b / 1e12:.1f}", flush=True)
