"""Whole studies of the paper-doll lab, drawn by the real ComfyUI and the real Stable Diffusion WebUI.

    python -m benchmarks.elsewhere --comfyui FOLDER --comfyui-python PYTHON --webui FOLDER --webui-python PYTHON

Both programs are installed by the user and used as they are. The last line is one JSON object.
"""
