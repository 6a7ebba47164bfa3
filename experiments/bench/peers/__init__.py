"""PyTorch's, Captum's and OpenCV's side: nothing here imports vizjax or JAX."""
